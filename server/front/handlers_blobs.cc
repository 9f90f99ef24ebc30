// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <utility>

#include "engine/base/codes.h"
#include "schema/json/json_text.h"
#include "server/front/blob_answers.h"
#include "server/front/blob_upload.h"
#include "server/front/call.h"
#include "server/front/claim_answer.h"
#include "server/front/handlers.h"
#include "server/front/upload_limits.h"

namespace lockstep {
namespace {

Problem no_blobs() { return make_problem(codes::not_implemented, "This server keeps no blobs."); }

// The same for a blob of another user, one that nobody has, and a text that is no hash.
Problem unknown_blob() {
  return make_problem(codes::unknown_blob,
                      "This user has no such blob: check the hash, or upload it.");
}

std::uint64_t announced_bytes(const Request& request) {
  const std::string* length = request.header("content-length");
  return length ? std::strtoull(length->c_str(), nullptr, 10) : 0;
}

std::optional<std::string_view> field(const Request& request, std::string_view name) {
  const std::string* value = request.header(name);
  return value ? std::optional<std::string_view>(*value) : std::nullopt;
}

// A blob that its user has.
struct Found {
  UserId user;
  BlobHash hash;
  BlobFacts facts;
};
std::expected<Found, Problem> find_blob(const Front& front, const BlobOwner& owner) {
  if (!front.blobs.store) return std::unexpected(no_blobs());
  if (!owner.hash) return std::unexpected(unknown_blob());
  auto facts = front.blobs.store->find(owner.user, *owner.hash);
  if (!facts) return std::unexpected(problem_of(facts.error()));
  if (!*facts) return std::unexpected(unknown_blob());
  return Found{owner.user, *owner.hash, std::move(**facts)};
}
// What the call names, if the caller has it.
std::expected<Found, Problem> find_blob(const Front& front, const Call& call) {
  return find_blob(front, {call.user, BlobHash::parse(call.names.front())});
}

Response no_such_range(const Found& found) {
  Problem problem = make_problem(codes::invalid, "`Range` begins behind the end of the blob.");
  problem.status = range_not_satisfiable;
  Response response = response_of(problem);
  response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(found.facts.bytes));
  return response;
}

// A range counts only for a GET, and with `If-Range` only if the tag is the blob's.
std::optional<std::string_view> range_of(const Request& request, const BlobHash& hash) {
  if (request.method != "GET" || request.count("range") > 1) return std::nullopt;
  const auto only_if = field(request, "if-range");
  if (only_if && !names_tag(*only_if, hash, true)) return std::nullopt;
  return field(request, "range");
}

}  // namespace

std::unique_ptr<BodySink> take_blob(Front& front, Call call, Respond respond,
                                    std::function<void()> drained) {
  const auto refused = [&respond](const Problem& problem) -> std::unique_ptr<BodySink> {
    refuse(respond, problem);
    return nullptr;
  };
  Query query(call);
  if (auto problem = query.problem()) return refused(*problem);
  if (!front.blobs.store) return refused(no_blobs());
  std::string type(field(call.request, "content-type").value_or(unknown_media_type));
  if (!can_be_media_type(type)) {
    return refused(make_problem(codes::invalid,
                                "`Content-Type` must be the media type of the blob: `image/png`.",
                                "Content-Type"));
  }
  return std::make_unique<BlobUpload>(
      front, BlobUpload::Asked{call.user, std::move(type), announced_bytes(call.request)},
      std::move(respond), std::move(drained));
}

namespace {

void answer_blob(Front& front, const Call& call, const Found& found, Respond respond) {
  const auto& [user, hash, facts] = found;
  const auto match = field(call.request, "if-match");
  if (match && *match != "*" && !names_tag(*match, hash, true)) {
    Problem other = make_problem(codes::invalid, "The blob's tag is its hash, in quotes.");
    other.status = precondition_failed;
    return refuse(respond, other);
  }
  const auto none_match = field(call.request, "if-none-match");
  if (none_match && names_tag(*none_match, hash, false)) {
    Response same = blob_head(hash, facts, {0, facts.bytes}, call.by_link);
    same.status = not_modified;
    return respond(std::move(same));
  }
  const auto piece = piece_of(range_of(call.request, hash), facts.bytes);
  if (!piece) return respond(no_such_range(found));
  if (front.memory && !front.memory->admits(MemoryKind::answers, 2 * limits::blob_piece_bytes)) {
    return refuse(respond, make_problem(codes::overloaded,
                                        "The server has no free memory: try again later."));
  }
  respond(BodyAnswer{
      blob_head(hash, facts, *piece, call.by_link),
      std::make_unique<BlobBody>(front, BlobBody::Asked{user, hash, *piece, facts.bytes})});
}

}  // namespace

void get_blob(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  const auto found = find_blob(front, call);
  if (!found) return refuse(respond, found.error());
  answer_blob(front, call, *found, std::move(respond));
}

void get_claimed_blob(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (!front.claims) return refuse(respond, no_workers());
  const auto owner = claimed_blob(front, {call.names[0], {call.user, call.token}}, call.names[1]);
  if (!owner) return refuse(respond, owner.error());
  const auto found = find_blob(front, *owner);
  if (!found) return refuse(respond, found.error());
  answer_blob(front, call, *found, std::move(respond));
}

void make_blob_link(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (!call.request.body.empty()) {
    return refuse(respond,
                  make_problem(codes::invalid, "A request for a link must not have a body."));
  }
  const auto found = find_blob(front, call);
  if (!found) return refuse(respond, found.error());
  const std::string link =
      front.links.make({call.user, call.token}, found->hash, call.now + limits::blob_link_time);
  const std::chrono::microseconds life = limits::blob_link_time;
  std::string body = "{";
  append_field(body, "url", "/v1/blobs/" + found->hash.text() + "?link=" + link);
  append_field_number(body, "expires", front.time.get() + static_cast<std::uint64_t>(life.count()));
  respond(json_response(body += '}'));
}

}  // namespace lockstep
