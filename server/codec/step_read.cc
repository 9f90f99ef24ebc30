// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>

#include "engine/base/limits.h"
#include "engine/rules/opaque_limits.h"
#include "server/codec/object_read.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 9> step_types{
    "message_created", "part_started", "content_appended", "message_ended", "run_ended",
    "repairs_noted",   "opaque_noted", "call_noted",       "message_cut"};
constexpr std::array<std::string_view, 2> message_ends{"complete", "failed"};
constexpr std::array<std::string_view, 3> run_ends{"completed", "failed", "interrupted"};
// Beyond this a JavaScript number is no longer exact.
constexpr std::uint64_t count_max = (std::uint64_t{1} << 53) - 1;
constexpr std::uint64_t seq_max = std::numeric_limits<std::int64_t>::max();

std::uint32_t read_index(const Spot& spot) {
  return static_cast<std::uint32_t>(spot.number(limits::parts_max));
}

std::optional<Json> read_usage(Object& object) {
  return read_if<Json>(object, "usage", [](const Spot& spot) {
    return spot.json_object(limits::metadata_bytes_max);
  });
}

Finish read_finish(Object& object) {
  const auto text = [](const Spot& spot) { return spot.text(limits::finish_bytes_max); };
  return {read_if<std::string>(object, "finish_reason", text),
          read_if<std::string>(object, "model", text)};
}

OpenMessage read_open(Object& object) {
  OpenMessage open;
  const Spot message = object.need("message");
  Object fields(message);
  open.message = MessageId(fields.need("id").id());
  if (const auto parent = fields.find("parent")) open.parent = MessageId(parent->id());
  if (const auto role = fields.find("role")) open.role = read_role(*role);
  open.author = read_name(fields, "author");
  fields.closed();
  return open;
}

StartPart read_start_part(Object& object) {
  StartPart start;
  start.message = MessageId(object.need("message").id());
  start.part = read_if<std::uint32_t>(object, "part", read_index);
  start.value = read_part(object.need("value"));
  return start;
}

AppendContent read_append(Object& object) {
  AppendContent append;
  append.message = MessageId(object.need("message").id());
  if (const auto part = object.find("part")) append.part = read_index(*part);
  append.text = object.need("text").text(limits::message_bytes_max);
  return append;
}

EndMessage read_end_message(Object& object) {
  EndMessage end;
  end.message = MessageId(object.need("message").id());
  if (const auto status = object.find("status")) {
    end.status =
        status->one_of(message_ends) == 0 ? MessageStatus::complete : MessageStatus::failed;
  }
  end.usage = read_usage(object);
  end.finish = read_finish(object);
  return end;
}

EndRun read_end_run(Object& object) {
  constexpr std::array statuses{RunStatus::completed, RunStatus::failed, RunStatus::interrupted};
  EndRun end;
  if (const auto status = object.find("status")) end.status = statuses[status->one_of(run_ends)];
  if (const auto error = object.find("error")) {
    Object fields(*error);
    end.error = RunError{fields.need("code").text(limits::name_bytes_max),
                         fields.need("detail").text(limits::metadata_bytes_max)};
    fields.closed();
  }
  end.usage = read_usage(object);
  end.finish = read_finish(object);
  return end;
}

NotedRepair read_repair(const Spot& spot) {
  Object object(spot);
  NotedRepair repair;
  const Spot kind = object.need("kind");
  repair.kind = kind.text(limits::id_bytes_max);
  if (repair.kind.empty() && !kind.fault().is_set()) kind.invalid("must not be empty");
  const Spot count = object.need("count");
  repair.count = count.number(count_max);
  if (const auto ids = object.find("ids")) {
    ids->each(limits::repair_ids_max,
              [&repair](const Spot& id) { repair.ids.push_back(id.text(limits::name_bytes_max)); });
  }
  if (repair.count < repair.ids.size() && !spot.fault().is_set()) {
    count.invalid("must be at least the number of `ids`");
  }
  object.closed();
  return repair;
}

NoteRepairs read_note_repairs(Object& object) {
  NoteRepairs note;
  object.need("repairs").each(limits::repair_kinds_max, [&note](const Spot& spot) {
    note.repairs.push_back(read_repair(spot));
  });
  return note;
}

NoteOpaque read_note_opaque(Object& object) {
  NoteOpaque note;
  note.message = MessageId(object.need("message").id());
  note.data.part = read_if<std::uint32_t>(object, "part", read_index);
  const Spot origin = object.need("origin");
  note.data.origin = origin.text(limits::opaque_origin_bytes_max);
  if (note.data.origin.empty() && !origin.fault().is_set()) origin.invalid("must not be empty");
  note.data.value = object.need("value").json(limits::opaque_bytes_max);
  return note;
}

void read_what(std::size_t type, Object& object, Step& step) {
  switch (type) {
    case 0:
      step.what = read_open(object);
      break;
    case 1:
      step.what = read_start_part(object);
      break;
    case 2:
      step.what = read_append(object);
      break;
    case 3:
      step.what = read_end_message(object);
      break;
    case 4:
      step.what = read_end_run(object);
      break;
    case 5:
      step.what = read_note_repairs(object);
      break;
    case 6:
      step.what = read_note_opaque(object);
      break;
    case 7:
      step.what = read_note_call(object);
      break;
    default:
      step.what = read_cut(object);
      break;
  }
}

}  // namespace

Step read_step(const Spot& spot) {
  Object object(spot);
  Step step;
  step.seq = object.need("seq").number(seq_max);
  const std::size_t type = object.need("type").one_of(step_types);
  if (spot.fault().is_set()) return step;
  read_what(type, object, step);
  object.closed();
  return step;
}

}  // namespace lockstep
