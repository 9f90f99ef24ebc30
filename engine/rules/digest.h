// SPDX-License-Identifier: Apache-2.0
// digest.h: the digest by which a front and the store check that they hold the same messages.
//
//   digest(m) = SHA-256( digest(parent), or 32 zero bytes for a root,
//                        netstrings of: id, role, number of parts,
//                        for each part: type, then text | name, arguments | call, content | uri |
//                        name )
//
// A netstring is `LENGTH:BYTES,`, with the decimal length in bytes. A path's digest is the digest
// of its last message. docs/protocol.md, "Digest", defines the rule.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/base/ids.h"
#include "engine/rules/state.h"

struct evp_md_ctx_st;

namespace lockstep {

[[nodiscard]] Hash sha256(std::string_view bytes);

// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  // Requires: called once, last.
  [[nodiscard]] Hash take();

 private:
  evp_md_ctx_st* context_;
};

// `parent`: the parent's digest, or nothing for a root.
[[nodiscard]] Hash digest(const Message& message, const std::optional<Hash>& parent);

// Nothing for an empty path.
[[nodiscard]] std::optional<Hash> path_digest(std::span<const Message> path);

}  // namespace lockstep
