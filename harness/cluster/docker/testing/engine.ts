/**
 * For container tests: is there an engine? Without one they are left out, with one loud line; where the
 * machine is a CI machine, that is a failure.
 */
import { engineInfo } from '../docker.ts';

export async function engineForTests(): Promise<boolean> {
  try {
    await engineInfo();
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (process.env.CI === 'true') throw new Error(`container tests must run in CI: ${message}`);
    process.stderr.write(`\nNO CONTAINER TESTS: ${message}\n\n`);
    return false;
  }
}
