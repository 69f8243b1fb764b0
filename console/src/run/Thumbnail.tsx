import Spinner from '@cloudscape-design/components/spinner';
import { useEffect, useRef, useState } from 'react';
import { usePicture } from './context';
import type { Phase, Shot } from './report';

const phases: Record<Phase, string> = { starting: 'Starting', succeeded: 'Succeeded', failed: 'Failed', other: '' };

/** What a screenshot is called beside its picture. */
export function caption(shot: Shot): string {
  return phases[shot.phase] || shot.file.replace(/^\d+-/, '').replace(/\.png$/, '');
}

/** A small picture that opens a large one. It is fetched when it comes near. */
export function Thumbnail({ shot, onOpen }: { shot: Shot; onOpen: () => void }) {
  const ref = useRef<HTMLButtonElement>(null);
  const near = useNear(ref);
  const { picture, error } = usePicture(near && shot.file ? shot.file : undefined);
  if (!shot.file) return <span className="run-shot run-small run-prose">{shot.error || 'No screenshot'}</span>;
  const differs = shot.visual && shot.visual.status !== 'PASSED';
  return (
    <button ref={ref} type="button" className="run-shot" data-phase={shot.phase} onClick={onOpen} aria-label={`Open screenshot ${shot.file}`} title={shot.page ? `${shot.file}\n${shot.page}` : shot.file}>
      <span className="run-shot-frame">
        {picture ? <img src={picture.url} alt="" /> : error ? <span className="run-small">Not readable</span> : <Spinner />}
      </span>
      <span className="run-shot-caption">{caption(shot)}{differs ? <span className="run-differs"> differs</span> : null}</span>
    </button>
  );
}

/** Whether an element is, or has been, near the part of the page in view. */
export function useNear(ref: React.RefObject<Element | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (!element || near) return;
    const watch = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && setNear(true), { rootMargin: '400px' });
    watch.observe(element);
    return () => watch.disconnect();
  }, [ref, near]);
  return near;
}
