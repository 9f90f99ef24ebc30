// SPDX-License-Identifier: Apache-2.0
// theme.ts: dark or light, from the system or from the user's choice.

import { useCallback, useState } from "react";

import { readSetting, writeSetting } from "./settings.js";

export type Theme = "system" | "light" | "dark";

const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };

function chosen(): Theme {
  const value = readSetting("theme");
  return value === "light" || value === "dark" ? value : "system";
}

export function applyTheme(theme: Theme = chosen()): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState(chosen);
  const next = useCallback(() => {
    const following = NEXT[theme];
    writeSetting("theme", following === "system" ? null : following);
    applyTheme(following);
    setTheme(following);
  }, [theme]);
  return [theme, next];
}
