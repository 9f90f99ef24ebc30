// markdown.tsx: an answer's text as the model meant it.
//
// Raw HTML in it is shown as text and never becomes part of the page, and pictures are links: what
// a model writes must not make a browser ask other servers for anything.

import { memo } from "react";
import type { JSX } from "react";
import ReactMarkdown from "react-markdown";
import type { Components } from "react-markdown";
import remarkGfm from "remark-gfm";

import { blocksOf } from "./blocks.js";
import { Code } from "./code.js";

const PLUGINS = [remarkGfm];

const COMPONENTS: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  img: ({ src, alt }) => (
    <a
      href={typeof src === "string" ? src : undefined}
      target="_blank"
      rel="noopener noreferrer nofollow"
    >
      {alt || "picture"}
    </a>
  ),
  // The code inside draws the whole block.
  pre: ({ children }) => <>{children}</>,
  code: ({ className, children, node }) => {
    const text = typeof children === "string" ? children : String(children ?? "");
    const block =
      className !== undefined || node?.position?.start.line !== node?.position?.end.line;
    if (!block) return <code>{text}</code>;
    const language = /language-(\S+)/.exec(className ?? "")?.[1] ?? "";
    return <Code code={text.replace(/\n$/, "")} language={language} />;
  },
  table: ({ children }) => (
    <div className="table" tabIndex={0} role="region" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
  // Below the page's title (1) and the message's name (2).
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h3>{children}</h3>,
  h3: ({ children }) => <h4>{children}</h4>,
  h4: ({ children }) => <h5>{children}</h5>,
  h5: ({ children }) => <h6>{children}</h6>,
};

const Block = memo(function Block({ text }: { readonly text: string }): JSX.Element {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {text}
    </ReactMarkdown>
  );
});

export function Markdown({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      {blocksOf(text).map((block, index) => (
        <Block key={index} text={block} />
      ))}
    </>
  );
}
