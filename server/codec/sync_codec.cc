// SPDX-License-Identifier: Apache-2.0
#include "server/codec/sync_codec.h"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/base/limits.h"
#include "server/codec/claim_codec.h"
#include "server/codec/claim_read.h"
#include "server/codec/object_read.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 3> follow_names{"none", "run", "live"};
constexpr std::array<std::string_view, 5> call_names{"sync", "cancel", "steps", "feed", "claim"};
constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();

// A change counts exactly once because the engine remembers its `op` (an idempotency key) by
// device.
void check_device(const Spot& spot, const SyncRequest& request) {
  if (request.changes.device) return;
  const auto needs_device = [](const Change& change) {
    const auto* start = std::get_if<StartRun>(&change.what);
    return change.op.has_value() || (start != nullptr && !start->needs.empty());
  };
  if (std::ranges::any_of(request.changes.changes, needs_device)) {
    spot.invalid("needs a `device`, because a change has an `op` or `needs`");
  }
}

std::optional<Hash> read_digest(const Spot& spot) {
  const std::optional<Hash> hash = parse_hash(spot.text(limits::name_bytes_max));
  if (!hash) spot.invalid("must be a digest: 64 hex digits");
  return hash;
}

SyncCall read_sync_fields(Object& object) {
  SyncCall call;
  ChangeRequest& changes = call.request.changes;
  changes.cursor =
      read_if<Cursor>(object, "cursor", [](const Spot& spot) { return spot.cursor(); });
  changes.device = read_if<DeviceId>(object, "device", [](const Spot& spot) { return spot.id(); });
  if (const auto list = object.find("changes")) {
    list->each(limits::changes_max,
               [&changes](const Spot& spot) { changes.changes.push_back(read_change(spot)); });
  }
  changes.if_head =
      read_if<MessageId>(object, "if_head", [](const Spot& spot) { return spot.id(); });
  if (const auto digest = object.find("digest")) call.request.digest = read_digest(*digest);
  if (const auto window = object.find("window")) {
    call.request.window = static_cast<std::uint32_t>(window->number(u32_max));
    if (call.request.window == 0U) window->invalid("must be at least 1");
  }
  if (const auto follow = object.find("follow")) {
    call.follow = static_cast<Follow>(follow->one_of(follow_names));
  }
  check_device(object.spot(), call.request);
  return call;
}

enum class Least : std::uint8_t { none, one };

std::vector<Step> read_step_list(Object& object, Least least = Least::one) {
  std::vector<Step> steps;
  const Spot list = object.need("steps");
  list.each(limits::batch_steps_max,
            [&steps](const Spot& spot) { steps.push_back(read_step(spot)); });
  if (steps.empty() && least == Least::one) list.invalid("must have at least one step");
  for (std::size_t at = 1; at < steps.size(); ++at) {
    if (steps[at].seq != steps[at - 1].seq + 1) list.invalid("must be dense and in order of `seq`");
  }
  return steps;
}

// Without `user` the thread is the caller's own, and the name has no owner yet.
ThreadName read_thread(Object& object) {
  ThreadName thread;
  thread.id = ThreadId(object.need("thread").id());
  if (const auto user = object.find("user")) thread.owner = UserId(user->id());
  return thread;
}

SocketClaimSteps read_claim_steps(Object& object, const Spot& claim) {
  return {claim.text(limits::claim_bytes_max), read_step_list(object, Least::none)};
}

SocketSteps read_socket_steps(Object& object) {
  SocketSteps steps;
  steps.thread = read_thread(object);
  steps.batch.run = RunId(object.need("run").id());
  steps.batch.attempt = static_cast<std::uint32_t>(object.need("attempt").number(u32_max));
  steps.batch.steps = read_step_list(object);
  return steps;
}

void read_call(std::size_t name, const Spot& spot, SocketCall& call) {
  if (name == 1) {
    call.id = spot.id();
    call.what = SocketCancel{};
    return;
  }
  Object object(spot);
  call.id = object.need("id").id();
  if (name == 0) {
    SocketSync sync;
    ThreadName thread = read_thread(object);
    sync.call = read_sync_fields(object);
    sync.call.request.thread = std::move(thread);
    call.what = std::move(sync);
  } else if (name == 2) {
    const auto claim = object.find("claim");
    if (claim) call.what = read_claim_steps(object, *claim);
    if (!claim) call.what = read_socket_steps(object);
  } else if (name == 4) {
    call.what = SocketClaim{read_claim_fields(object)};
  } else {
    call.what = SocketFeed{read_if<std::string>(
        object, "cursor", [](const Spot& cursor) { return cursor.text(limits::name_bytes_max); })};
  }
  object.closed();
}

// The request's id: a refusal names it, even if the rest is wrong, so that the client knows which
// of its requests failed.
std::string id_of(JsonNode call) {
  std::string id;
  call.each_member([&id](std::string_view, JsonNode inner) {
    const std::optional<JsonNode> found = inner.find("id");
    if (id.empty() && found && found->is_string() && is_id(found->text())) id = found->text();
  });
  return id;
}

}  // namespace

std::optional<Follow> follow_named(std::string_view name) {
  const auto* found = std::ranges::find(follow_names, name);
  if (found == follow_names.end()) return std::nullopt;
  return static_cast<Follow>(found - follow_names.begin());
}

Read<SyncCall> read_sync(std::string_view body) {
  Fault fault;
  const auto document = parse_json(body, fault);
  if (!document) return std::unexpected(fault.take());
  const Spot root(document->root(), fault);
  Object object(root);
  SyncCall call = read_sync_fields(object);
  object.closed();
  if (fault.is_set()) return std::unexpected(fault.take());
  return call;
}

namespace {

Read<std::vector<Step>> read_steps(std::string_view body, Least least) {
  Fault fault;
  const auto document = parse_json(body, fault);
  if (!document) return std::unexpected(fault.take());
  const Spot root(document->root(), fault);
  Object object(root);
  std::vector<Step> steps = read_step_list(object, least);
  object.closed();
  if (fault.is_set()) return std::unexpected(fault.take());
  return steps;
}

}  // namespace

Read<std::vector<Step>> read_steps(std::string_view body) { return read_steps(body, Least::one); }

Read<std::vector<Step>> read_claimed_steps(std::string_view body) {
  return read_steps(body, Least::none);
}

std::expected<SocketCall, SocketFault> read_socket_call(std::string_view text) {
  Fault fault;
  const auto document = parse_json(text, fault);
  if (!document) return std::unexpected(SocketFault{{}, fault.take()});
  const Spot root(document->root(), fault);
  Object object(root);
  if (fault.is_set()) return std::unexpected(SocketFault{{}, fault.take()});
  SocketCall call;
  bool found = false;
  for (std::size_t name = 0; name < call_names.size() && !found; ++name) {
    if (const auto spot = object.find(call_names[name])) {
      found = true;
      read_call(name, *spot, call);
    }
  }
  object.closed();
  if (!found) root.invalid("must hold `sync`, `cancel`, `steps`, `feed` or `claim`");
  if (fault.is_set()) return std::unexpected(SocketFault{id_of(document->root()), fault.take()});
  return call;
}

}  // namespace lockstep
