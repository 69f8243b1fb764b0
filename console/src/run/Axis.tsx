import { duration, ticks } from './timeline';

/** The marks of a time axis from 0 to span milliseconds. */
export function Axis({ span, count = 5 }: { span: number; count?: number }) {
  return (
    <div className="run-axis">
      {ticks(span, count).map((t) => (
        <span key={t} className="run-tick" style={{ left: `${span > 0 ? (t / span) * 100 : 0}%` }}>{t === 0 ? '0' : duration(t)}</span>
      ))}
    </div>
  );
}
