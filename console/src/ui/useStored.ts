import { useCallback, useState } from 'react';

/** State that this browser remembers, for how things look. */
export function useStored<T extends object>(name: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => {
    try {
      return { ...initial, ...(JSON.parse(localStorage.getItem(name) ?? '{}') as T) };
    } catch {
      return initial;
    }
  });
  const set = useCallback(
    (v: T) => {
      localStorage.setItem(name, JSON.stringify(v));
      setValue(v);
    },
    [name],
  );
  return [value, set];
}
