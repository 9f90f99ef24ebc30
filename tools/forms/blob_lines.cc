// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/blob_lines.h"

#include <algorithm>
#include <charconv>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "schema/json/base64.h"
#include "schema/json/json_text.h"

namespace lockstep {
namespace {

// Of a blob in one line. A multiple of three bytes, so that a line has no padding but the last.
constexpr std::size_t piece_bytes = 768 << 10;

std::unexpected<Error> invalid(std::string what) {
  return fail(Kind::rejected, codes::invalid, std::move(what));
}

struct Piece {
  std::uint64_t at = 0;
  std::string_view bytes;
};

std::string line_of(const ThreadName& thread, const BlobHash& hash, const BlobFacts& facts,
                    const Piece& piece) {
  std::string line = "{";
  append_field(line, "user", thread.owner.get());
  append_field(line, "thread", thread.id.get());
  append_field(line, "blob", hash.text());
  append_field(line, "media_type", facts.media_type);
  append_field_number(line, "bytes", facts.bytes);
  append_field_number(line, "at", piece.at);
  append_field(line, "data", to_base64(piece.bytes));
  return line + "}\n";
}

Result<std::string> text_in(const JsonValue& line, std::string_view name) {
  const JsonValue* value = line.find(name);
  if (value && value->is(JsonValue::Kind::string)) return value->text;
  return invalid("`" + std::string(name) + "` is missing, or not a string");
}

Result<std::uint64_t> number_in(const JsonValue& line, std::string_view name) {
  const JsonValue* value = line.find(name);
  std::uint64_t number = 0;
  const char* end = value ? value->text.data() + value->text.size() : nullptr;
  const bool whole = value && value->is(JsonValue::Kind::number) &&
                     std::from_chars(value->text.data(), end, number).ptr == end;
  if (whole) return number;
  return invalid("`" + std::string(name) + "` is missing, or not a number");
}

}  // namespace

void BlobLines::write(const ThreadName& thread, const Entry& entry,
                      const std::function<void(std::string_view)>& write) {
  for (const BlobHash& hash : blobs_of(entry)) {
    if (!written_.emplace(thread.owner, hash).second) continue;
    // Whole, so that a damaged blob leaves no half of it in the file.
    const auto facts = blobs_.find(thread.owner, hash);
    const auto bytes = read_all(blobs_, thread.owner, hash);
    if (!facts || !*facts || !bytes) {
      ++left_out_;
      continue;
    }
    std::uint64_t at = 0;
    do {
      const std::string_view piece = std::string_view(*bytes).substr(at, piece_bytes);
      write(line_of(thread, hash, **facts, {at, piece}));
      at += piece.size();
    } while (at < bytes->size());
  }
}

Result<void> BlobImport::take(const UserId& user, const JsonValue& line) {
  TRY_LET(name, text_in(line, "blob"));
  TRY_LET(type, text_in(line, "media_type"));
  TRY_LET(size, number_in(line, "bytes"));
  TRY_LET(at, number_in(line, "at"));
  TRY_LET(data, text_in(line, "data"));
  const auto hash = BlobHash::parse(name);
  const auto bytes = from_base64(data);
  if (!hash || !can_be_media_type(type)) return invalid("`blob` or `media_type` is wrong");
  if (!bytes) return invalid("`data` is not in base 64");
  const std::pair key{user, *hash};
  if (at == 0) {
    TRY_LET(begun, blobs_.begin(user, type, size));
    writer_ = std::move(begun);
    coming_ = key;
    at_ = 0;
  }
  if (!writer_ || coming_ != key || at != at_) {
    return invalid("the lines of blob " + name + " are not in order");
  }
  TRY(writer_->add(*bytes));
  at_ += bytes->size();
  if (at_ < size) return {};
  TRY_LET(made, writer_->finish());
  writer_.reset();
  coming_.reset();
  if (made.hash == *hash && at_ == size) return {};
  return invalid("the bytes of blob " + name + " are others than it says");
}

void BlobImport::names(const UserId& user, const Entry& entry) {
  for (const BlobHash& hash : blobs_of(entry)) named_.emplace(user, hash);
}

std::size_t BlobImport::missing() const {
  return static_cast<std::size_t>(std::ranges::count_if(named_, [this](const auto& named) {
    const auto found = blobs_.find(named.first, named.second);
    return !found || !*found;
  }));
}

}  // namespace lockstep
