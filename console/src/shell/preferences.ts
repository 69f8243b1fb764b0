// How the console looks: kept in this browser.
import { applyDensity, applyMode, Density, Mode } from '@cloudscape-design/global-styles';
import { useCallback, useEffect, useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');

function useStored<T extends string>(name: string, values: readonly T[]): [T, (v: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const found = localStorage.getItem(name) as T | null;
    return found && values.includes(found) ? found : values[0]!;
  });
  const set = useCallback(
    (v: T) => {
      localStorage.setItem(name, v);
      setValue(v);
    },
    [name],
  );
  return [value, set];
}

/** Theme and density, applied to the document. */
export function usePreferences() {
  const [theme, setTheme] = useStored<Theme>('nephele.theme', ['system', 'light', 'dark']);
  const [density, setDensity] = useStored<'comfortable' | 'compact'>('nephele.density', ['comfortable', 'compact']);
  useEffect(() => {
    const apply = () => applyMode(theme === 'dark' || (theme === 'system' && dark.matches) ? Mode.Dark : Mode.Light);
    apply();
    dark.addEventListener('change', apply);
    return () => dark.removeEventListener('change', apply);
  }, [theme]);
  useEffect(() => {
    applyDensity(density === 'compact' ? Density.Compact : Density.Comfortable);
  }, [density]);
  return { theme, setTheme, density, setDensity };
}
