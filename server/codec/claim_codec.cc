// SPDX-License-Identifier: Apache-2.0
#include "server/codec/claim_codec.h"

#include <algorithm>

#include "engine/base/must.h"
#include "schema/json/base64.h"
#include "server/codec/claim_read.h"

namespace lockstep {
namespace {

constexpr char version = 1;
constexpr unsigned bits_of_byte = 8;
constexpr std::size_t epoch_bytes = 8;
constexpr std::size_t attempt_bytes = 4;

void append_bytes_of(std::string& bytes, std::uint64_t number, std::size_t size) {
  for (std::size_t at = size; at > 0; --at) {
    bytes += static_cast<char>(number >> (bits_of_byte * (at - 1)) & 0xff);
  }
}

std::uint64_t take_number(std::string_view& bytes, std::size_t size) {
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(0, size)) {
    number = number << bits_of_byte | static_cast<std::uint8_t>(byte);
  }
  bytes.remove_prefix(size);
  return number;
}

void append_sized(std::string& bytes, std::string_view name) {
  MUST(is_id(name));
  bytes += static_cast<char>(name.size());
  bytes += name;
}

// Empty if there is none.
std::string take_name(std::string_view& bytes) {
  if (bytes.empty()) return {};
  const std::size_t size = static_cast<std::uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  std::string name(bytes.substr(0, size));
  bytes.remove_prefix(std::min(size, bytes.size()));
  return name;
}

}  // namespace

std::string to_text(const ClaimName& claim) {
  std::string bytes(1, version);
  append_bytes_of(bytes, claim.epoch.get(), epoch_bytes);
  append_bytes_of(bytes, claim.attempt, attempt_bytes);
  for (const std::uint8_t byte : claim.secret) bytes += static_cast<char>(byte);
  append_sized(bytes, claim.thread.owner.get());
  append_sized(bytes, claim.thread.id.get());
  bytes += claim.run.get();
  std::string text = to_base64url(bytes);
  MUST(text.size() <= limits::claim_bytes_max);
  return text;
}

std::optional<ClaimName> parse_claim(std::string_view text) {
  if (text.size() > limits::claim_bytes_max) return {};
  const auto decoded = from_base64url(text);
  ClaimName claim;
  const std::size_t head = 1 + epoch_bytes + attempt_bytes + claim.secret.size();
  if (!decoded || decoded->size() <= head || decoded->front() != version) return {};
  std::string_view bytes(*decoded);
  bytes.remove_prefix(1);
  claim.epoch = Epoch(take_number(bytes, epoch_bytes));
  claim.attempt = static_cast<std::uint32_t>(take_number(bytes, attempt_bytes));
  for (std::uint8_t& byte : claim.secret) byte = static_cast<std::uint8_t>(take_number(bytes, 1));
  claim.thread.owner = UserId(take_name(bytes));
  claim.thread.id = ThreadId(take_name(bytes));
  claim.run = RunId(std::string(bytes));
  const bool named =
      is_id(claim.thread.owner.get()) && is_id(claim.thread.id.get()) && is_id(claim.run.get());
  return named ? std::optional(std::move(claim)) : std::nullopt;
}

ClaimAsked read_claim_fields(Object& object) {
  ClaimAsked asked;
  const Spot agents = object.need("agents");
  agents.each(limits::claim_agents_max,
              [&asked](const Spot& spot) { asked.agents.emplace_back(spot.id()); });
  if (asked.agents.empty()) agents.invalid("must have at least one agent");
  if (const auto worker = object.find("worker")) asked.worker = worker->text(limits::id_bytes_max);
  if (const auto lease = object.find("lease_seconds")) {
    asked.lease =
        std::chrono::seconds(lease->number(limits::lease_seconds_max, limits::lease_seconds_min));
  }
  if (const auto wait = object.find("wait_seconds")) {
    asked.wait = std::chrono::seconds(wait->number(limits::wait_seconds_max));
  }
  return asked;
}

Read<ClaimAsked> read_claim(std::string_view body) {
  Fault fault;
  const auto document = parse_json(body, fault);
  if (!document) return std::unexpected(fault.take());
  const Spot root(document->root(), fault);
  Object object(root);
  ClaimAsked asked = read_claim_fields(object);
  object.closed();
  if (fault.is_set()) return std::unexpected(fault.take());
  return asked;
}

}  // namespace lockstep
