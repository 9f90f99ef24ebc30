// SPDX-License-Identifier: Apache-2.0
// problem.ts: the problem that a refusal names.

import type { Problem } from "../wire.js";

export const problemOf = async (answer: Response): Promise<Problem> => {
  const { status } = answer;
  try {
    const problem = (await answer.json()) as Partial<Problem> | null;
    if (typeof problem?.code === "string") return { ...problem, status, code: problem.code };
  } catch {
    // Not an answer of the server: a proxy answered in its place.
  }
  return { status, code: "unexpected_answer", detail: `HTTP ${status}` };
};
