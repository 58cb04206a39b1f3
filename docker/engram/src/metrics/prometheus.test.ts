/** The text that Prometheus reads. */
import { expect, it } from 'vitest';
import { prometheusText } from './prometheus.ts';

it('counters and gauges are told apart, and all carry the node', () => {
  expect(prometheusText('n1', { requests_total: 7, queue_length: 0.5 })).toBe(
    [
      '# HELP engram_requests_total HTTP requests taken',
      '# TYPE engram_requests_total counter',
      'engram_requests_total{node="n1"} 7',
      '# TYPE engram_queue_length gauge',
      'engram_queue_length{node="n1"} 0.5',
      '',
    ].join('\n'),
  );
});

it('labels are escaped, names are made legal, and what is no number is left out', () => {
  expect(prometheusText('a"b\\c\n', { 'lag-n2': 1, broken: Number.NaN })).toBe(
    '# TYPE engram_lag_n2 gauge\nengram_lag_n2{node="a\\"b\\\\c\\n"} 1\n',
  );
});
