// SPDX-License-Identifier: Apache-2.0
// code.tsx: a block of code, with its language and a button that copies it.

import { memo, useEffect, useState } from "react";
import type { JSX, ReactNode } from "react";
import type { ElementContent, Root, RootContent } from "hast";

import { Icon } from "../icons.js";

type Highlight = (code: string, language: string) => Root | null;

let highlighter: Highlight | null = null;
let loading: Promise<Highlight> | null = null;

function load(): Promise<Highlight> {
  loading ??= import("./highlight.js").then((module) => (highlighter = module.highlight));
  return loading;
}

function draw(nodes: readonly (RootContent | ElementContent)[]): ReactNode[] {
  return nodes.map((node, index) => {
    if (node.type === "text") return node.value;
    if (node.type !== "element") return null;
    const names = node.properties["className"];
    const className = Array.isArray(names) ? names.join(" ") : undefined;
    return (
      <span key={index} className={className}>
        {draw(node.children)}
      </span>
    );
  });
}

interface CodeProps {
  readonly code: string;
  /** The text after the opening fence: its first word is the language. */
  readonly info: string;
}

export const Code = memo(function Code({ code, info }: CodeProps): JSX.Element {
  const language = /^\S*/.exec(info)?.[0] ?? "";
  const [ready, setReady] = useState<Highlight | null>(() => highlighter);
  useEffect(() => {
    let here = true;
    if (ready === null && language !== "") {
      void load().then(
        (loaded) => here && setReady(() => loaded),
        () => undefined,
      );
    }
    return () => {
      here = false;
    };
  }, [ready, language]);
  const tree = language === "" ? null : (ready?.(code, language) ?? null);
  return (
    <figure className="code" dir="ltr">
      <figcaption>
        <span data-info={info}>{info || "code"}</span>
        <CopyButton text={code} label="Copy code" />
      </figcaption>
      <pre tabIndex={0} aria-label={language === "" ? "Code" : `Code in ${language}`}>
        <code>{tree === null ? code : draw(tree.children)}</code>
      </pre>
    </figure>
  );
});

/** navigator.clipboard is missing on plain http. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "offscreen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function CopyButton({
  text,
  label,
}: {
  readonly text: string;
  readonly label: string;
}): JSX.Element {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const shown = copied ? "Copied" : label;
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={shown}
      title={shown}
      onClick={() => void copy(text).then(setCopied)}
    >
      <Icon name={copied ? "check" : "copy"} />
    </button>
  );
}
