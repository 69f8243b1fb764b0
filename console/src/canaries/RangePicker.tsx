import DateRangePicker from '@cloudscape-design/components/date-range-picker';
import { isValidRange, relativeOptions, type Range } from './range';

/** Chooses the span of time of charts and lists. */
export function RangePicker({ value, onChange }: { value: Range; onChange(v: Range): void }) {
  return (
    <DateRangePicker
      value={value}
      onChange={(e) => e.detail.value && onChange(e.detail.value)}
      relativeOptions={relativeOptions}
      isValidRange={isValidRange}
      showClearButton={false}
      expandToViewport
      getTimeOffset={(date) => -date.getTimezoneOffset()}
      i18nStrings={{
        ariaLabel: 'Time range',
        relativeModeTitle: 'Relative range',
        absoluteModeTitle: 'Absolute range',
        relativeRangeSelectionHeading: 'Choose a range',
        applyButtonLabel: 'Apply',
        cancelButtonLabel: 'Cancel',
        formatRelativeRange: (v) => `Last ${v.amount} ${v.unit}${v.amount === 1 ? '' : 's'}`,
        formatUnit: (unit, n) => (n === 1 ? unit : `${unit}s`),
      }}
    />
  );
}
