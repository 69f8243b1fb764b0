import type { Canary, CanaryRun } from '../aws/model';
import type { Query } from '../data/useQuery';
import type { Range } from './range';

/** What tabs with times share. */
export interface TimedTab {
  canary: Canary;
  runs: Query<CanaryRun[]>;
  range: Range;
  onRange(r: Range): void;
}
