/** The keyboard: / searches, j and k go through rows, Enter opens, g goes back to all runs. */

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>('.runs tbody a')];
  if (links.length === 0) return;
  const now = links.indexOf(document.activeElement as HTMLElement);
  const next = Math.max(0, Math.min(links.length - 1, now + by));
  links[next].focus();
}

export function moveWithKeys(): void {
  addEventListener('keydown', (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    switch (event.key) {
      case '/':
        event.preventDefault();
        document.querySelector<HTMLElement>('input[type=search]')?.focus();
        break;
      case 'j':
        step(1);
        break;
      case 'k':
        step(-1);
        break;
      case 'g':
        location.hash = '';
        break;
      default:
    }
  });
}
