import { useRef, useState, type KeyboardEvent } from 'react';
import { useHref, useNavigate } from 'react-router';
import type { CanaryRun } from '../aws/model';
import { routes } from '../ui/routes';
import { between, formatDuration, formatShort } from '../ui/time';
import { resultText } from './status';
import './strip.css';

/**
 * A canary's recent runs as bars, the newest at the right, each a link to its
 * run. A bar is as high as its run was long; failed ones have full height and
 * another colour. The strip is one stop of the Tab key; arrows go from run to run.
 */
export function RunStrip({ canary, runs }: { canary: string; runs: CanaryRun[] | undefined }) {
  const list = useRef<HTMLUListElement>(null);
  const [focused, setFocused] = useState<string>();
  if (!runs?.length) return <span className="strip-empty">-</span>;
  const shown = [...runs].reverse();
  const longest = Math.max(...shown.map((r) => duration(r) ?? 0), 1);
  const stop = shown.some((r) => r.Id === focused) ? focused : shown[shown.length - 1]!.Id;
  const onKeyDown = (event: KeyboardEvent) => {
    const at = shown.findIndex((r) => r.Id === stop);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: shown.length - 1 }[event.key];
    const run = to === undefined ? undefined : shown[to];
    if (!run) return;
    event.preventDefault();
    setFocused(run.Id);
    list.current?.querySelectorAll('a')[shown.indexOf(run)]?.focus();
  };
  return (
    <ul className="strip" ref={list} onKeyDown={onKeyDown} aria-label={`Recent runs of ${canary}`}>
      {shown.map((run) => (
        <Bar key={run.Id} run={run} canary={canary} height={(duration(run) ?? 0) / longest} stop={run.Id === stop} onFocus={() => setFocused(run.Id)} />
      ))}
    </ul>
  );
}

const duration = (run: CanaryRun) => between(run.Timeline.Started, run.Timeline.Completed);

interface BarProps {
  run: CanaryRun;
  canary: string;
  height: number;
  stop: boolean;
  onFocus(): void;
}

function Bar({ run, canary, height, stop, onFocus }: BarProps) {
  const to = routes.run(canary, run.Id);
  const href = useHref(to);
  const navigate = useNavigate();
  const text = `${resultText(run)}, ${formatShort(run.Timeline.Started)}, ${formatDuration(duration(run))}`;
  const state = run.Status.State;
  return (
    <li>
      <a
        href={href}
        className={`strip-${state.toLowerCase()}`}
        style={{ '--height': `${state === 'PASSED' ? 30 + 50 * height : 100}%` } as object}
        aria-label={text}
        title={text}
        tabIndex={stop ? 0 : -1}
        onFocus={onFocus}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          void navigate(to);
        }}
      />
    </li>
  );
}
