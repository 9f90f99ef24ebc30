// SPDX-License-Identifier: Apache-2.0
// file_view.tsx: a file of a message.
//
// An image or a sound that came with the message is shown: its bytes are here already. One from
// elsewhere is a link, because loading it would tell its host who reads. Any other file is its name;
// the bytes of a `data:` address are nothing to read.

import type { JSX } from "react";
import type { Part } from "lockstep-client";

type File = Extract<Part, { type: "file" }>;

// SVG is not among them: it is a document.
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp|avif)[;,]/i;
const SOUND = /^data:audio\/(?:wav|mpeg|flac|ogg|mp4|aac|webm)[;,]/i;

export function FileView({
  file,
  index,
}: {
  readonly file: File;
  readonly index: number;
}): JSX.Element {
  const name = nameOf(file);
  if (IMAGE.test(file.uri)) {
    return (
      <p className="file" data-part={index}>
        <img src={file.uri} alt={name} data-testid="image" />
      </p>
    );
  }
  return (
    <p className="file" data-part={index}>
      {SOUND.test(file.uri) ? (
        <audio controls src={file.uri} aria-label={name} data-testid="sound" />
      ) : (
        <FileLink uri={file.uri} name={name} />
      )}
      {file.media_type === undefined ? null : <small> {file.media_type}</small>}
    </p>
  );
}

function nameOf(file: File): string {
  if (file.name !== undefined) return file.name;
  return file.uri.startsWith("data:") ? "a file" : file.uri;
}

function FileLink({ uri, name }: { readonly uri: string; readonly name: string }): JSX.Element {
  if (!/^https?:/i.test(uri)) return <code>{name}</code>;
  return (
    <a href={uri} target="_blank" rel="noopener noreferrer nofollow">
      {name}
    </a>
  );
}
