// SPDX-License-Identifier: Apache-2.0
// attachments.ts: the files that a user adds in assistant-ui's composer, uploaded by the client.
//
// A file is uploaded when it is added, so that it is there when the user has written the text. The
// message then names the blob (src/files.ts). An upload that failed says so at the file; sending
// tries it once more, and a file that can't be uploaded leaves the message in the composer.

import type { AttachmentAdapter, CompleteAttachment, PendingAttachment } from "@assistant-ui/react";

import { newId } from "../src/id.js";
import type { Client, Files } from "../src/types.js";

type Uploaded = Awaited<ReturnType<Files["upload"]>>;
type Added = Omit<PendingAttachment, "status">;

interface Upload {
  readonly ending: AbortController;
  readonly result: Promise<Uploaded>;
}

const uploading = { type: "running", reason: "uploading", progress: 0 } as const;
const uploaded = { type: "requires-action", reason: "composer-send" } as const;

const typeOf = (file: File): string => {
  if (file.type.startsWith("image/")) return "image";
  return file.type.startsWith("text/") || file.type === "application/pdf" ? "document" : "file";
};

/** For `adapters.attachments` of a runtime: takes every type of file. */
export class BlobAttachments implements AttachmentAdapter {
  readonly accept = "*";
  readonly #client: Pick<Client, "files">;
  readonly #uploads = new Map<string, Upload>();

  constructor(client: Pick<Client, "files">) {
    this.#client = client;
  }

  async *add({ file }: { readonly file: File }): AsyncGenerator<PendingAttachment, void> {
    const added: Added = {
      id: newId("file"),
      type: typeOf(file),
      name: file.name,
      contentType: file.type,
      file,
    };
    const upload = this.#upload(added);
    yield { ...added, status: uploading };
    const result = await upload.result;
    if (result.ok) yield { ...added, status: uploaded };
    else if (!upload.ending.signal.aborted) {
      const message = result.detail ?? result.code;
      yield { ...added, status: { type: "incomplete", reason: "error", message } };
    }
  }

  async send(attachment: PendingAttachment): Promise<CompleteAttachment> {
    const known = await this.#uploads.get(attachment.id)?.result;
    const result = known?.ok === true ? known : await this.#upload(attachment).result;
    if (!result.ok) throw new Error(result.detail ?? result.code);
    this.#uploads.delete(attachment.id);
    const { uri, media_type, name } = result.part;
    const part = { type: "file" as const, data: uri, sourceType: "url" as const };
    const mimeType = media_type ?? "application/octet-stream";
    const content = [{ ...part, mimeType, ...(name === undefined ? {} : { filename: name }) }];
    return { ...attachment, status: { type: "complete" }, content };
  }

  async remove({ id }: { readonly id: string }): Promise<void> {
    this.#uploads.get(id)?.ending.abort();
    this.#uploads.delete(id);
  }

  #upload({ id, file }: Pick<Added, "id" | "file">): Upload {
    const ending = new AbortController();
    const begin = async (): Promise<Uploaded> => {
      const files = await this.#client.files();
      return files.upload(file, { signal: ending.signal });
    };
    const upload = { ending, result: begin() };
    this.#uploads.set(id, upload);
    return upload;
  }
}
