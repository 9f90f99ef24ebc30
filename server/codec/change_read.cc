// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>

#include "engine/base/limits.h"
#include "server/codec/object_read.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 8> change_types{
    "start_run", "put_message",   "delete_message", "stop_run",
    "move_head", "update_thread", "answer_call",    "decide_call"};
constexpr std::array<std::string_view, 4> busy_names{"queue", "interrupt", "rollback", "reject"};
// Beyond this a JavaScript number is no longer exact.
constexpr std::uint64_t op_max = (std::uint64_t{1} << 53) - 1;
constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();

Op read_op(const Spot& spot) { return Op(spot.number(op_max)); }

std::optional<MessageId> read_anchor(const Spot& spot) {
  if (spot.is_null()) return std::nullopt;
  return MessageId(spot.id());
}

std::optional<Place> read_place(Object& object) {
  const std::optional<Spot> after = object.find("after");
  const std::optional<Spot> parent = object.find("parent");
  if (after && parent) parent->invalid("must be left out where `after` is given");
  if (after) return Place{Place::Kind::after, read_anchor(*after)};
  if (parent) return Place{Place::Kind::parent, read_anchor(*parent)};
  return std::nullopt;
}

StartRun read_start(Object& object) {
  StartRun start;
  if (const auto run = object.find("run")) start.run = RunId(run->id());
  if (const auto agent = object.find("agent")) start.agent = AgentName(agent->id());
  if (const auto input = object.find("input")) {
    input->each(limits::input_messages_max,
                [&start](const Spot& spot) { start.input.push_back(read_input(spot)); });
  }
  start.place = read_place(object);
  start.when_busy = read_if<WhenBusy>(object, "when_busy", [](const Spot& spot) {
    return static_cast<WhenBusy>(spot.one_of(busy_names));
  });
  if (const auto needs = object.find("needs")) {
    needs->each(limits::ops_remembered,
                [&start](const Spot& spot) { start.needs.push_back(read_op(spot)); });
  }
  start.params = read_if<Json>(object, "params", [](const Spot& spot) {
    return spot.json_object(limits::params_bytes_max);
  });
  start.continues =
      read_if<MessageId>(object, "continue", [](const Spot& spot) { return MessageId(spot.id()); });
  start.resumes = read_resume(object);
  return start;
}

bool read_if_unchanged(Object& object) {
  const auto unchanged = object.find("if_unchanged");
  return unchanged && unchanged->flag();
}

PutMessage read_put(Object& object) {
  PutMessage put;
  const Spot message = object.need("message");
  Object fields(message);
  if (const auto id = fields.find("id")) put.id = MessageId(id->id());
  put.role = read_if<Role>(fields, "role", read_role);
  put.parts = read_content(fields);
  put.author = read_name(fields, "author");
  put.metadata = read_metadata(fields);
  fields.closed();
  put.place = read_place(object);
  if (const auto absent = object.find("if_absent")) put.if_absent = absent->flag();
  put.if_unchanged = read_if_unchanged(object);
  return put;
}

DeleteMessage read_delete(Object& object) {
  DeleteMessage gone{MessageId(object.need("message").id())};
  gone.if_unchanged = read_if_unchanged(object);
  return gone;
}

Shown read_shown(const Spot& spot) {
  Object object(spot);
  Shown shown;
  shown.message = MessageId(object.need("message").id());
  shown.part = static_cast<std::uint32_t>(object.need("part").number(limits::parts_max));
  shown.length = static_cast<Units>(object.need("length").number(u32_max));
  object.closed();
  return shown;
}

StopRun read_stop(Object& object) {
  StopRun stop;
  stop.run = read_if<RunId>(object, "run", [](const Spot& spot) { return spot.id(); });
  if (const auto shown = object.find("shown")) {
    shown->each(limits::run_messages_max,
                [&stop](const Spot& spot) { stop.shown.push_back(read_shown(spot)); });
  }
  return stop;
}

UpdateThread read_update(Object& object) {
  UpdateThread update;
  update.title = read_if<std::string>(
      object, "title", [](const Spot& spot) { return spot.text(limits::title_bytes_max); });
  update.archived = read_if<bool>(object, "archived", [](const Spot& spot) { return spot.flag(); });
  update.metadata = read_metadata(object);
  update.approved_tools = read_approved_tools(object);
  return update;
}

void read_what(std::size_t type, Object& object, Change& change) {
  switch (type) {
    case 0:
      change.what = read_start(object);
      break;
    case 1:
      change.what = read_put(object);
      break;
    case 2:
      change.what = read_delete(object);
      break;
    case 3:
      change.what = read_stop(object);
      break;
    case 4:
      change.what = MoveHead{read_anchor(object.need("head"))};
      break;
    case 5:
      change.what = read_update(object);
      break;
    case 6:
      change.what = read_answer_call(object);
      break;
    default:
      change.what = read_decide_call(object);
      break;
  }
}

}  // namespace

Change read_change(const Spot& spot) {
  Object object(spot);
  Change change;
  const std::size_t type = object.need("type").one_of(change_types);
  if (spot.fault().is_set()) return change;
  change.op = read_if<Op>(object, "op", read_op);
  change.seen = read_if<Cursor>(object, "seen", [](const Spot& seen) { return seen.cursor(); });
  read_what(type, object, change);
  object.closed();
  if (!spot.fault().is_set()) change.content = content_of(change);
  return change;
}

}  // namespace lockstep
