// SPDX-License-Identifier: Apache-2.0
#include "server/front/blob_answers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/codes.h"
#include "engine/rules/digest.h"
#include "schema/json/json_text.h"
#include "server/front/upload_limits.h"
#include "server/net/http_rules.h"
#include "server/net/trimmed.h"

namespace lockstep {
namespace {

// Pictures, sounds and films that browsers decode without running anything. Not SVG, HTML, XML or
// PDF: these can hold scripts.
constexpr std::array<std::string_view, 23> shown_types{
    "image/png",  "image/jpeg", "image/gif",  "image/webp",  "image/avif", "image/bmp",
    "audio/mpeg", "audio/mp4",  "audio/aac",  "audio/ogg",   "audio/opus", "audio/wav",
    "audio/wave", "audio/webm", "audio/flac", "audio/x-wav", "video/mp4",  "video/webm",
    "video/ogg",  "video/mpeg", "image/heic", "image/heif",  "image/apng"};

constexpr std::string_view content_policy = "default-src 'none'; sandbox";

std::string tag_of(const BlobHash& hash) { return "\"" + hash.text() + "\""; }

}  // namespace

Response uploaded(const BlobHash& hash, const BlobFacts& facts) {
  Response response;
  response.status = created;
  response.body = "{";
  append_field(response.body, "uri", hash.uri());
  append_field(response.body, "hash", hash.text());
  append_field_number(response.body, "bytes", facts.bytes);
  append_field(response.body, "media_type", facts.media_type);
  response.body += '}';
  response.headers.emplace_back("Location", "/v1/blobs/" + hash.text());
  return response;
}

std::optional<std::string_view> shown_type(std::string_view media_type) {
  const auto same = [media_type](std::string_view type) { return is_media_type(media_type, type); };
  const auto* found = std::ranges::find_if(shown_types, same);
  if (found != shown_types.end()) return *found;
  if (same("text/plain")) return "text/plain; charset=utf-8";
  return std::nullopt;
}

bool names_tag(std::string_view tags, const BlobHash& hash, bool strong) {
  const std::string own = tag_of(hash);
  while (!tags.empty()) {
    const std::string_view item = tags.substr(0, tags.find(','));
    tags.remove_prefix(std::min(tags.size(), item.size() + 1));
    std::string_view tag = trimmed(item);
    if (!strong && tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == own || (tag == "*" && !strong)) return true;
  }
  return false;
}

Response blob_head(const BlobHash& hash, const BlobFacts& facts, const BlobPiece& piece,
                   bool by_link) {
  Response head;
  const auto type = shown_type(facts.media_type);
  head.content_type = type.value_or(unknown_media_type);
  head.length = piece.bytes;
  head.cache_control = "private, max-age=" + std::to_string(limits::blob_cache_time.count());
  auto& headers = head.headers;
  if (piece.bytes != facts.bytes) {
    head.status = partial_content;
    headers.emplace_back("Content-Range", "bytes " + std::to_string(piece.from) + "-" +
                                              std::to_string(piece.from + piece.bytes - 1) + "/" +
                                              std::to_string(facts.bytes));
  }
  headers.emplace_back("ETag", tag_of(hash));
  headers.emplace_back("Accept-Ranges", "bytes");
  headers.emplace_back("Content-Disposition", type ? "inline" : "attachment");
  headers.emplace_back("Content-Security-Policy", content_policy);
  // Another user of the same browser must not get it from the cache.
  headers.emplace_back("Vary", "Authorization");
  headers.emplace_back("Cross-Origin-Resource-Policy", by_link ? "cross-origin" : "same-origin");
  return head;
}

// --- The body ------------------------------------------------------------------------------------

struct BlobBody::Check {
  Sha256 hash;
};

BlobBody::BlobBody(Front& front, Asked asked)
    : front_(front),
      asked_(std::move(asked)),
      left_(asked_.piece),
      held_(front.memory, MemoryKind::answers, 2 * limits::blob_piece_bytes) {
  const bool whole = asked_.piece.bytes == asked_.bytes;
  if (whole || !front.checked.contains({asked_.user, asked_.hash})) {
    check_ = std::make_shared<Check>();
    testing_ = !whole;
  }
  if (testing_) left_ = {0, asked_.bytes};
}

BlobBody::~BlobBody() = default;

void BlobBody::attach(StreamOwner& owner) {
  owner_ = &owner;
  read();
}

void BlobBody::read() {
  if (reading_ || failed_ || !ready_.empty() || left_.bytes == 0) return;
  reading_ = true;
  const auto bytes =
      static_cast<std::size_t>(std::min<std::uint64_t>(left_.bytes, limits::blob_piece_bytes));
  const bool last = left_.bytes == bytes;
  front_.blobs.downloads->run(
      [&blobs = *front_.blobs.store, user = asked_.user, hash = asked_.hash, from = left_.from,
       bytes, last, check = check_]() -> Result<std::string> {
        auto piece = blobs.read(user, hash, from, bytes);
        if (!piece || !check) return piece;
        check->hash.add(*piece);
        if (!last || BlobHash(check->hash.take()) == hash) return piece;
        return fail(Kind::corrupt, codes::corrupt, "the bytes of " + hash.uri() + " are damaged");
      },
      alive_.guard([this](Result<std::string> piece) { was_read(std::move(piece)); }));
}

void BlobBody::was_read(Result<std::string> piece) {
  reading_ = false;
  failed_ = !piece || piece->empty();
  if (!piece && piece.error().kind == Kind::corrupt) {
    ++front_.counts.blobs_damaged;
    front_.checked.erase({asked_.user, asked_.hash});
  }
  if (failed_) return owner_->woken(*this);
  left_.from += piece->size();
  left_.bytes -= piece->size();
  if (check_ && left_.bytes == 0) front_.checked.insert({asked_.user, asked_.hash});
  if (testing_) {
    if (left_.bytes == 0) {
      testing_ = false;
      check_ = nullptr;
      left_ = asked_.piece;
    }
    return read();
  }
  ready_ = std::move(*piece);
  owner_->woken(*this);
}

Stream::Filled BlobBody::fill(std::string& out, std::size_t bytes_max) {
  const std::size_t count = std::min(ready_.size(), bytes_max);
  out.append(ready_, 0, count);
  front_.counts.blob_bytes_given += count;
  if (count == ready_.size()) {
    ready_.clear();
  } else {
    ready_.erase(0, count);
  }
  if (failed_) return Filled::finished;
  if (!ready_.empty()) return Filled::more;
  if (left_.bytes == 0 && !testing_) return Filled::finished;
  read();
  return Filled::waiting;
}

}  // namespace lockstep
