// SPDX-License-Identifier: Apache-2.0
// content_codec.h: the structures that entries and snapshots share, to stored bytes and back.
//
// Parts, inputs, errors and acks mean the same in both schemas. Each enumeration has a table: the
// place of a value in its table is its number in the schema. That number never changes, and it is
// not the value's number in event.h.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "engine/rules/event.h"
#include "engine/store/packed.h"
#include "schema/event.capnp.h"

namespace lockstep::packed {

// --- Enumerations --------------------------------------------------------------------------------

inline constexpr std::array role_table{Role::user, Role::assistant, Role::system, Role::tool};
inline constexpr std::array message_status_table{MessageStatus::complete, MessageStatus::open,
                                                 MessageStatus::stopped, MessageStatus::failed,
                                                 MessageStatus::interrupted};
inline constexpr std::array run_status_table{
    RunStatus::completed, RunStatus::queued,      RunStatus::running,   RunStatus::stopped,
    RunStatus::failed,    RunStatus::interrupted, RunStatus::superseded};
inline constexpr std::array change_type_table{ChangeType::start_run,      ChangeType::put_message,
                                              ChangeType::delete_message, ChangeType::stop_run,
                                              ChangeType::move_head,      ChangeType::update_thread,
                                              ChangeType::answer_call,    ChangeType::decide_call};
inline constexpr std::array call_status_table{CallStatus::needs_approval, CallStatus::approved,
                                              CallStatus::denied, CallStatus::running};
inline constexpr std::array resume_status_table{ResumeStatus::asked, ResumeStatus::waiting,
                                                ResumeStatus::resumed, ResumeStatus::given_up};
inline constexpr std::array place_kind_table{Place::Kind::after, Place::Kind::parent};

template <class Stored, class Table>
[[nodiscard]] Stored stored(const Table& table, typename Table::value_type value) {
  const auto place = std::ranges::find(table, value);
  MUST(place != table.end());
  return static_cast<Stored>(place - table.begin());
}

template <class Table>
[[nodiscard]] typename Table::value_type value_of(const Table& table, auto stored, Damage& damage) {
  const auto number = static_cast<std::size_t>(stored);
  if (number < table.size()) return table[number];
  damage.unsupported("an enumeration has the unknown value " + std::to_string(number));
  return table[0];
}

// --- Optional texts ------------------------------------------------------------------------------

[[nodiscard]] inline std::optional<std::string> optional_text(bool has, capnp::Data::Reader stored,
                                                              Damage& damage) {
  return has ? std::optional(text(stored, damage)) : std::nullopt;
}

[[nodiscard]] inline std::optional<Json> optional_json(bool has, capnp::Data::Reader stored,
                                                       Damage& damage) {
  return has ? std::optional(Json{text(stored, damage)}) : std::nullopt;
}

// --- Structures ----------------------------------------------------------------------------------

void write(capnp::List<std::uint32_t>::Builder to, const std::vector<std::uint32_t>& numbers);
[[nodiscard]] std::vector<std::uint32_t> read(capnp::List<std::uint32_t>::Reader from);

void write(schema::Part::Builder to, const Part& part);
[[nodiscard]] Part read(schema::Part::Reader from, Damage& damage);

void write(capnp::List<schema::Part>::Builder to, const Parts& parts);
[[nodiscard]] std::vector<Part> read(capnp::List<schema::Part>::Reader from, Damage& damage);

void write(capnp::List<schema::MessageInput>::Builder to, const std::vector<MessageInput>& inputs);
[[nodiscard]] std::vector<MessageInput> read(capnp::List<schema::MessageInput>::Reader from,
                                             Damage& damage);

// Calls `init` for the builder, unless nothing is set.
template <class Init>
void write_finish(const Finish& finish, Init init) {
  if (!finish.reason && !finish.model) return;
  schema::Finish::Builder to = init();
  if (finish.reason) to.setReason(bytes_of(*finish.reason));
  if (finish.model) to.setModel(bytes_of(*finish.model));
}
[[nodiscard]] Finish read(schema::Finish::Reader from, Damage& damage);

void write(capnp::List<schema::NotedRepair>::Builder to, const std::vector<NotedRepair>& repairs);
[[nodiscard]] std::vector<NotedRepair> read(capnp::List<schema::NotedRepair>::Reader from,
                                            Damage& damage);

void write(schema::OpaqueData::Builder to, const OpaqueData& data);
[[nodiscard]] OpaqueData read(schema::OpaqueData::Reader from, Damage& damage);

// Calls `init(count)` for the builder, unless there is none.
template <class Init>
void write_opaque(const Opaque& opaque, Init init) {
  if (opaque.empty()) return;
  capnp::List<schema::OpaqueData>::Builder to = init(count(opaque.size()));
  std::uint32_t place = 0;
  for (const OpaqueData& data : opaque) write(to[place++], data);
}
[[nodiscard]] Opaque read(capnp::List<schema::OpaqueData>::Reader from, Damage& damage);

void write(schema::CallNote::Builder to, const CallNote& note);
[[nodiscard]] CallNote read(schema::CallNote::Reader from, Damage& damage);

void write(capnp::List<schema::CallNote>::Builder to, const std::vector<CallNote>& notes);
[[nodiscard]] std::vector<CallNote> read(capnp::List<schema::CallNote>::Reader from,
                                         Damage& damage);

void write(schema::Resume::Builder to, const Resume& resume);
[[nodiscard]] Resume read(schema::Resume::Reader from, Damage& damage);

void write(capnp::List<capnp::Data>::Builder to, const std::vector<std::string>& texts);
[[nodiscard]] std::vector<std::string> read(capnp::List<capnp::Data>::Reader from, Damage& damage);

void write(schema::RunError::Builder to, const RunError& error);
[[nodiscard]] RunError read(schema::RunError::Reader from, Damage& damage);

// The outcome's timestamp is stored as its distance back from `base`. The caller stores the user
// and the device. Requires: the outcome has an op, and is not marked as a duplicate.
void write(schema::Ack::Builder to, const Ack& ack, Timestamp base);
[[nodiscard]] Ack read(schema::Ack::Reader from, Timestamp base, Damage& damage);

}  // namespace lockstep::packed
