// SPDX-License-Identifier: Apache-2.0
// markdown.tsx: draws an answer's text.
//
// The user must see the same text as the model: each letter and digit of it is shown, or is in an
// attribute of a shown element (tests/markdown.test.tsx). Raw HTML is shown as text and never
// becomes part of the page. Each outermost block has its own direction, and nested blocks follow
// it.

import { createContext, memo, useContext } from "react";
import type { JSX, ReactNode } from "react";
import type { Element, Root } from "hast";
import ReactMarkdown from "react-markdown";
import type { Components, Options } from "react-markdown";
import remarkGfm from "remark-gfm";

import { isPicture, isSafeLink } from "./address.js";
import { blocksOf } from "./blocks.js";
import { Code } from "./code.js";
import { remarkMath } from "./math.js";
import { remarkWhole } from "./whole.js";

// One tilde means "about": "~5 to ~10" strikes nothing through.
const PLUGINS: Options["remarkPlugins"] = [
  [remarkGfm, { singleTilde: false }],
  remarkMath,
  remarkWhole,
];

/** The outermost blocks have a direction of their own. */
function rehypeDirection(): (tree: Root) => void {
  return (tree) => {
    for (const node of tree.children) if (node.type === "element") node.properties["dir"] = "auto";
  };
}

const HTML_PLUGINS = [rehypeDirection];

const InLink = createContext(false);

/** More of an address helps no reader, and the address of a picture has millions of characters. */
const ADDRESS_UNITS_SHOWN = 200;

interface LinkProps {
  readonly href: string;
  readonly title?: string | undefined;
  readonly children: ReactNode;
}

/** If the link may not lead there, the address is shown next to the words. */
function Link({ href, title, children }: LinkProps): JSX.Element {
  const inside = useContext(InLink);
  if (inside || !isSafeLink(href)) {
    return (
      <span title={title}>
        {children}{" "}
        <code className="address" title={href}>
          {href.slice(0, ADDRESS_UNITS_SHOWN)}
        </code>
      </span>
    );
  }
  return (
    <a href={href} title={title} target="_blank" rel="noopener noreferrer nofollow">
      <InLink value={true}>{children}</InLink>
    </a>
  );
}

interface PictureProps {
  readonly src: string;
  readonly alt: string;
  readonly title?: string | undefined;
}

function Picture({ src, alt, title }: PictureProps): JSX.Element {
  if (isPicture(src)) return <img src={src} alt={alt} title={title} />;
  return (
    <Link href={src} title={title}>
      {alt || "picture"}
    </Link>
  );
}

function textIn(node: Element): string {
  return node.children.map((child) => (child.type === "text" ? child.value : "")).join("");
}

const property = (node: Element | undefined, name: string): string | undefined => {
  const value = node?.properties[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

function CodeBlock({ node }: { readonly node?: Element | undefined }): JSX.Element | null {
  const code = node?.children.find((child) => child.type === "element");
  if (code === undefined) return null;
  const info = property(code, "dataInfo") ?? "";
  return <Code code={textIn(code).replace(/\n$/, "")} info={info} />;
}

// Below the page's title (1) and the message's name (2).
const COMPONENTS: Components = {
  a: ({ href, title, children, node }) => (
    <Link href={href ?? ""} title={title}>
      {node?.children.length === 0 ? href : children}
    </Link>
  ),
  img: ({ src, alt, title }) => (
    <Picture src={typeof src === "string" ? src : ""} alt={alt ?? ""} title={title} />
  ),
  pre: ({ node }) => <CodeBlock node={node} />,
  li: ({ node, value, className, children }) => {
    const number = property(node, "value");
    // "07." is not how a list would write 7, so it is shown as written.
    const written = number !== undefined && number !== String(Number(number));
    return (
      <li
        value={value}
        className={className}
        style={written ? { listStyleType: `"${number}. "` } : undefined}
        data-mark={property(node, "dataMark")}
      >
        {children}
      </li>
    );
  },
  input: ({ checked }) => (
    <input
      type="checkbox"
      checked={checked === true}
      disabled
      aria-label={checked === true ? "done" : "to do"}
    />
  ),
  table: ({ dir, children }) => (
    <div className="table" tabIndex={0} role="region" aria-label="Table">
      <table dir={dir}>{children}</table>
    </div>
  ),
  h1: ({ dir, children }) => (
    <h3 className="first" dir={dir}>
      {children}
    </h3>
  ),
  h2: ({ dir, children }) => <h3 dir={dir}>{children}</h3>,
  h3: ({ dir, children }) => <h4 dir={dir}>{children}</h4>,
  h4: ({ dir, children }) => <h5 dir={dir}>{children}</h5>,
  h5: ({ dir, children }) => <h6 dir={dir}>{children}</h6>,
};

/** Leaves addresses alone: `Link` and `Picture` check them. */
const asWritten = (address: string): string => address;

const Block = memo(function Block({ text }: { readonly text: string }): JSX.Element {
  return (
    <ReactMarkdown
      remarkPlugins={PLUGINS}
      rehypePlugins={HTML_PLUGINS}
      components={COMPONENTS}
      urlTransform={asWritten}
    >
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
