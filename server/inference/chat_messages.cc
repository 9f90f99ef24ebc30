// SPDX-License-Identifier: Apache-2.0
#include "server/inference/chat_messages.h"

#include <algorithm>
#include <utility>

#include "schema/json/json_members.h"
#include "schema/json/json_text.h"
#include "server/inference/part_forms.h"

namespace lockstep {
namespace {

bool has_one_author(const Turn& turn) {
  const std::string& first = turn.sections.front().author;
  return std::ranges::all_of(turn.sections,
                             [&first](const Section& each) { return each.author == first; });
}

// Joins a text to the text before it: by an empty line, or without anything between them.
void add(std::vector<Piece>& pieces, Piece piece, bool goes_on) {
  const bool text = piece.kind == Piece::Kind::text;
  if (text && !pieces.empty() && pieces.back().kind == Piece::Kind::text) {
    pieces.back().text += (goes_on ? "" : "\n\n") + piece.text;
  } else {
    pieces.push_back(std::move(piece));
  }
}

// The pieces of a section, whose first text begins with the author.
std::vector<Piece> with_author(const Section& section) {
  std::vector<Piece> pieces = section.pieces;
  const std::string prefix = section.author + ":";
  if (pieces.front().kind == Piece::Kind::text) {
    pieces.front().text.insert(0, prefix + " ");
  } else {
    pieces.insert(pieces.begin(), {Piece::Kind::text, prefix});
  }
  return pieces;
}

}  // namespace

std::vector<Piece> pieces_of(const Turn& turn, bool one_author, Repairs& repairs) {
  std::vector<Piece> pieces;
  for (const Section& section : turn.sections) {
    const bool named =
        !one_author && !section.author.empty() && !section.pieces.empty() && !section.continues;
    bool goes_on = section.within;
    if (named) repairs.add(RepairKind::author_in_text, section.message);
    for (Piece& piece : named ? with_author(section) : std::vector(section.pieces)) {
      add(pieces, std::move(piece), std::exchange(goes_on, false));
    }
  }
  return pieces;
}

namespace {

void append_piece(std::string& out, const Piece& piece) {
  switch (piece.kind) {
    case Piece::Kind::text:
      out += R"({"type":"text","text":)";
      append_text(out, piece.text);
      out += '}';
      return;
    case Piece::Kind::image:
      out += R"({"type":"image_url","image_url":{"url":)";
      append_text(out, piece.text);
      break;
    case Piece::Kind::document:
      out += R"({"type":"file","file":{"filename":)";
      append_text(out, piece.file->name.value_or("document.pdf"));
      append_field(out, "file_data", piece.text);
      break;
    case Piece::Kind::sound:
      out += R"({"type":"input_audio","input_audio":{"data":)";
      append_text(out, std::string_view(piece.text).substr(piece.text.find(',') + 1));
      append_field(out, "format", sound_form(*piece.file));
      break;
  }
  out += "}}";
}

void append_content(std::string& out, const std::vector<Piece>& pieces) {
  if (pieces.empty()) {
    out += "null";  // only calls
  } else if (pieces.size() == 1 && pieces.front().kind == Piece::Kind::text) {
    append_text(out, pieces.front().text);
  } else {
    append_array(out, pieces, append_piece);
  }
}

// The member of an object of opaque data; empty if it is not there.
std::string member_of(const OpaqueData* data, std::string_view key) {
  if (!data) return {};
  const auto members = json_members(data->value.text);
  const std::string* value = members ? find_member(*members, key) : nullptr;
  return value ? *value : std::string();
}

// The signed or encrypted reasoning of a turn, as its server wrote it: an array, or empty.
std::string reasoning_details_of(const Turn& turn) {
  std::string list;
  for (const OpaqueData* data : turn.opaque) {
    const std::string items = member_of(data, "reasoning_details");
    if (!items.starts_with('[') || items.size() <= 2) continue;
    list += (list.empty() ? "" : ",") + items.substr(1, items.size() - 2);
  }
  return list.empty() ? list : "[" + list + "]";
}

// The member of the last opaque data that has it.
std::string last_of(const Turn& turn, std::string_view member) {
  std::string last;
  for (const OpaqueData* data : turn.opaque) {
    std::string value = member_of(data, member);
    if (!value.empty()) last = std::move(value);
  }
  return last;
}

void append_call(std::string& out, const TurnCall& call) {
  out += R"({"id":)";
  append_text(out, call.id);
  out += R"(,"type":"function","function":{"name":)";
  append_text(out, call.name);
  out += R"(,"arguments":)";
  append_text(out, call.arguments);
  out += '}';
  const std::string extra = member_of(call.opaque, "extra_content");
  if (!extra.empty()) append_field_json(out, "extra_content", extra);
  out += '}';
}

void append_result(std::string& out, const TurnCall& call) {
  out += R"({"role":"tool","tool_call_id":)";
  append_text(out, call.id);
  out += R"(,"content":)";
  append_text(out, call.result);
  out += '}';
}

void append_turn(std::string& out, const Turn& turn, const RequestSettings& settings,
                 Repairs& repairs) {
  const bool one_author = has_one_author(turn);
  out += '{';
  append_field(out, "role", name_of(turn.role));
  const std::string& author = turn.sections.front().author;
  if (one_author && !author.empty()) append_field(out, "name", author);
  append_name(out, "content");
  append_content(out, pieces_of(turn, one_author, repairs));
  if (sends_reasoning(turn, settings.reasoning)) {
    // The details have the text too.
    const std::string details = reasoning_details_of(turn);
    if (!details.empty()) {
      append_field_json(out, "reasoning_details", details);
    } else {
      append_field(out, settings.reasoning_field, turn.reasoning);
    }
  } else {
    for (const std::string& id : turn.reasoned) repairs.add(RepairKind::reasoning_left_out, id);
  }
  for (const std::string_view member : {"extra_content", "audio"}) {
    const std::string value = last_of(turn, member);
    if (!value.empty()) append_field_json(out, member, value);
  }
  if (!turn.calls.empty()) {
    append_name(out, "tool_calls");
    append_array(out, turn.calls, append_call);
  }
  out += '}';
  for (const TurnCall& call : turn.calls) {
    out += ',';
    append_result(out, call);
  }
}

}  // namespace

bool sends_reasoning(const Turn& turn, ReasoningBack reasoning) {
  switch (reasoning) {
    case ReasoningBack::never:
      return false;
    case ReasoningBack::with_calls:
      return !turn.calls.empty();
    case ReasoningBack::always:
      return !turn.calls.empty() || !turn.reasoning.empty();
  }
  std::unreachable();
}

std::string chat_messages(const std::vector<Turn>& turns, const RequestSettings& settings,
                          Repairs& repairs) {
  std::string out;
  append_array(out, turns, [&](std::string& to, const Turn& turn) {
    append_turn(to, turn, settings, repairs);
  });
  return out;
}

}  // namespace lockstep
