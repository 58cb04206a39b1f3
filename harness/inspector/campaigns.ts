/** Campaigns below the results: what their `report.json` says, read with suspicion. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CampaignCell {
  readonly workload: string;
  readonly fault: string;
  readonly checker: string;
  readonly anomaly: string;
  readonly runs: number;
  readonly of: number;
  readonly firstSeed: number;
  readonly witness: string;
  readonly witnessDir: string | null;
}

export interface Campaign {
  readonly name: string;
  readonly runs: Readonly<Record<string, number>>;
  readonly violations: readonly CampaignCell[];
}

const bytesMax = 20_000_000;
const cellsMax = 2000;

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

/** What cannot be read is left out: a campaign that is going on has no report yet. */
export function listCampaigns(results: string): Campaign[] {
  let names: string[];
  try {
    names = readdirSync(results);
  } catch {
    return [];
  }
  return names.sort().flatMap((name) => {
    const folder = join(results, name);
    const path = join(folder, 'report.json');
    try {
      const [outer, inner] = [lstatSync(folder), lstatSync(path)];
      if (!outer.isDirectory() || !inner.isFile() || inner.size > bytesMax) return [];
      const report = fields(JSON.parse(readFileSync(path, 'utf8')));
      return report.format === 'amnesia-campaign' ? [readCampaign(name, report)] : [];
    } catch {
      return [];
    }
  });
}

function readCampaign(name: string, report: Fields): Campaign {
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 500) : '');
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  return {
    name,
    runs: Object.fromEntries(
      Object.entries(fields(report.runs)).map(([state, count]) => [state, number(count)]),
    ),
    violations: list(report.violations)
      .slice(0, cellsMax)
      .map((each) => ({
        workload: text(each.workload),
        fault: text(each.fault),
        checker: text(each.checker),
        anomaly: text(each.anomaly),
        runs: number(each.runs),
        of: number(each.of),
        firstSeed: number(each.firstSeed),
        witness: text(each.witness),
        witnessDir: each.witnessDir === null ? null : text(each.witnessDir) || null,
      })),
  };
}
