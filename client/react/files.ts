// SPDX-License-Identifier: Apache-2.0
// files.ts: addresses of uploaded files, as React state.
//
// A link works for an hour, and an image that is drawn stays drawn. So a link is renewed when it is
// needed again: an `<img>` that can't load calls `renew`.

import { useCallback, useEffect, useState } from "react";

import type { Client } from "../src/types.js";
import { useClient } from "./context.js";
import { useConnection } from "./hooks.js";

// Then the file itself is not there.
const renewalsMax = 2;

export interface BlobLink {
  /** Null: it is not there yet, `failed` says so, or the address is none of an uploaded file. */
  readonly url: string | null;
  /** It does not work: the server refused it, or the file can't be shown. */
  readonly failed: boolean;
  /** Asks for another link, for `onError`. */
  readonly renew: () => void;
}

interface Asked {
  readonly uri: string;
  readonly renewals: number;
  readonly url: string | null;
  readonly refused: boolean;
}

/** A link for the `uri` of a file part, as soon as there is one; also after a time offline. */
export function useBlobLink(uri: string, client?: Client): BlobLink {
  const found = useClient(client);
  const { state } = useConnection(found);
  const [asked, setAsked] = useState<Asked>({ uri, renewals: 0, url: null, refused: false });
  const same = asked.uri === uri;
  const renewals = same ? asked.renewals : 0;
  const url = same ? asked.url : null;
  const waits = uri.startsWith("blob:") && url === null && renewals <= renewalsMax;
  useEffect(() => {
    if (!waits) return undefined;
    let current = true;
    const take = (link: string | null, refused: boolean): void => {
      if (current) setAsked({ uri, renewals, url: link, refused });
    };
    found
      .files()
      .then((files) => files.link(uri, renewals > 0))
      .then((result) => (result.ok ? take(result.url, false) : take(null, isFinal(result.code))))
      .catch(() => undefined);
    return () => {
      current = false;
    };
  }, [found, uri, renewals, waits, state]);
  const renew = useCallback(() => {
    setAsked((now) => {
      const former = now.uri === uri ? now.renewals : 0;
      return { uri, renewals: former + 1, url: null, refused: false };
    });
  }, [uri]);
  return { url, failed: (same && asked.refused) || renewals > renewalsMax, renew };
}

const isFinal = (code: string): boolean => code !== "offline" && code !== "overloaded";
