import type { DateRangePickerProps } from '@cloudscape-design/components/date-range-picker';

/** A span of time as the picker gives it. */
export type Range = DateRangePickerProps.Value;

export const defaultRange: Range = { type: 'relative', amount: 3, unit: 'hour', key: '3h' };

export const relativeOptions: DateRangePickerProps.RelativeOption[] = [
  { key: '1h', amount: 1, unit: 'hour', type: 'relative' },
  { key: '3h', amount: 3, unit: 'hour', type: 'relative' },
  { key: '12h', amount: 12, unit: 'hour', type: 'relative' },
  { key: '1d', amount: 1, unit: 'day', type: 'relative' },
  { key: '1w', amount: 1, unit: 'week', type: 'relative' },
  { key: '30d', amount: 30, unit: 'day', type: 'relative' },
];

const seconds: Record<DateRangePickerProps.TimeUnit, number> = {
  second: 1, minute: 60, hour: 3600, day: 86400, week: 7 * 86400, month: 30 * 86400, year: 365 * 86400,
};

/** The times that a range means at a moment. */
export function resolve(range: Range, now: Date): { from: Date; to: Date } {
  if (range.type === 'absolute') return { from: new Date(range.startDate), to: new Date(range.endDate) };
  const to = new Date(Math.ceil(now.getTime() / 60_000) * 60_000);
  return { from: new Date(to.getTime() - range.amount * seconds[range.unit] * 1000), to };
}

/** Says why a range cannot be used. */
export function isValidRange(range: DateRangePickerProps.Value | null): DateRangePickerProps.ValidationResult {
  if (!range) return { valid: false, errorMessage: 'Choose a range.' };
  const { from, to } = resolve(range, new Date());
  if (!(from < to)) return { valid: false, errorMessage: 'The range must end after it begins.' };
  return { valid: true };
}
