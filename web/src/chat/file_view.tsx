// SPDX-License-Identifier: Apache-2.0
// file_view.tsx: a file of a message.
//
// An image or a sound is shown if its bytes came with the message, or if it is an uploaded file of
// this server. One from elsewhere is a link, because loading it would tell its host who reads. Any
// other uploaded file can be downloaded; of the rest the name is shown, because the bytes of a
// `data:` address are nothing to read.

import { useState } from "react";
import type { JSX } from "react";
import type { FilePart as File } from "lockstep-client";
import { useBlobLink, useClient } from "lockstep-client/react";

import { Icon } from "../icons.js";

// SVG is not among them: it is a document.
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp|avif)[;,]/i;
const SOUND = /^data:audio\/(?:wav|mpeg|flac|ogg|mp4|aac|webm)[;,]/i;

const BLOB = /^blob:sha256-/;
const SHOWN = /^image\/(?:png|jpeg|gif|webp|avif)$/i;
const HEARD = /^audio\/(?:x-)?(?:wav|mpeg|mp3|flac|ogg|mp4|m4a|aac|webm)$/i;

const plainType = (type: string | undefined): string => (type ?? "").split(";", 1)[0] ?? "";

/** Does the page show images of this media type? */
export const isShownImage = (type: string | undefined): boolean => SHOWN.test(plainType(type));

export function FileView({
  file,
  index,
}: {
  readonly file: File;
  readonly index: number;
}): JSX.Element {
  const name = nameOf(file);
  if (BLOB.test(file.uri)) return <Uploaded file={file} index={index} name={name} />;
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
  return /^(?:data|blob):/i.test(file.uri) ? "a file" : file.uri;
}

interface UploadedProps {
  readonly file: File;
  readonly index: number;
  readonly name: string;
}

function Uploaded({ file, index, name }: UploadedProps): JSX.Element {
  const image = isShownImage(file.media_type);
  const sound = HEARD.test(plainType(file.media_type));
  return (
    <p className="file" data-part={index}>
      {image || sound ? (
        <Shown uri={file.uri} name={name} image={image} />
      ) : (
        <>
          <Download uri={file.uri} name={name} /> <small>{file.media_type}</small>
        </>
      )}
    </p>
  );
}

/** By a link without a token, which is renewed when it no longer works. */
function Shown(
  props: Omit<UploadedProps, "file" | "index"> & {
    readonly uri: string;
    readonly image: boolean;
  },
): JSX.Element {
  const { uri, name, image } = props;
  const { url, failed, renew } = useBlobLink(uri);
  if (failed) {
    return (
      <span className="waiting" data-testid="file-gone">
        {name} can't be shown.
      </span>
    );
  }
  if (url === null) return <span className="waiting">Loading {name}…</span>;
  return image ? (
    <img src={url} alt={name} loading="lazy" onError={renew} data-testid="image" />
  ) : (
    <audio controls src={url} aria-label={name} onError={renew} data-testid="sound" />
  );
}

function Download({ uri, name }: { readonly uri: string; readonly name: string }): JSX.Element {
  const client = useClient();
  const [problem, setProblem] = useState<string | null>(null);
  const download = async (): Promise<void> => {
    const result = await (await client.files()).link(uri);
    setProblem(result.ok ? null : result.detail || result.code);
    if (!result.ok) return;
    const link = document.createElement("a");
    Object.assign(link, { href: result.url, download: name });
    link.click();
  };
  return (
    <>
      <button
        type="button"
        className="download"
        data-testid="download"
        onClick={() => void download()}
      >
        <Icon name="down" /> {name}
      </button>
      {problem === null ? null : <span role="alert"> {problem}</span>}
    </>
  );
}

function FileLink({ uri, name }: { readonly uri: string; readonly name: string }): JSX.Element {
  if (!/^https?:/i.test(uri)) return <code>{name}</code>;
  return (
    <a href={uri} target="_blank" rel="noopener noreferrer nofollow">
      {name}
    </a>
  );
}
