// SPDX-License-Identifier: Apache-2.0
// turns.h: a path as the turns of a conversation with a model.
//
// The half of a composer that is the same for all providers: it puts each result behind its call,
// joins neighbours of one role, and names what it can't keep. The other half (chat_messages.h)
// writes the turns in a provider's form. Pure. Turns point into the context, which outlives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/producer.h"
#include "server/inference/repairs.h"
#include "server/inference/settings.h"

namespace lockstep {

// The sentences for turns without text. The page shows the same ones.
inline constexpr std::string_view stopped_sentence =
    "[The answer was stopped before its first word.]";
inline constexpr std::string_view empty_sentence = "[The answer was empty.]";
// Asks for the rest of an answer, where a provider does not go on with the last turn by itself.
inline constexpr std::string_view continue_sentence =
    "[Continue this answer exactly where it stops, without repeating any of it.]";
// The result of a call that has none.
inline constexpr std::string_view no_result_sentence = "no result: the call was not carried out";

struct TurnCall {
  std::string id;
  std::string name;
  std::string arguments;  // a JSON object
  std::string result;
  bool failed = false;                 // the result is the tool's error
  const OpaqueData* opaque = nullptr;  // that this provider gets back
};

// A text, or a file of a user: documents and sounds only for providers that take them.
struct Piece {
  enum class Kind : std::uint8_t { text, image, document, sound };
  Kind kind = Kind::text;
  std::string text;                // of a file: its address
  const FilePart* file = nullptr;  // of the context's path
};

// The content of one message within a turn.
struct Section {
  std::string message;
  std::string author;  // as `name` may be sent; empty: none, or the settings leave names out
  std::vector<Piece> pieces;
  bool continues = false;  // it is of the same answer as the section before
  bool within = false;     // its first text goes on within the last one of the section before
};

// One part of an assistant's turn, in its place.
struct Block {
  enum class Kind : std::uint8_t { text, reasoning, call, data };
  Kind kind = Kind::text;
  const Message* message = nullptr;     // of the context's path
  std::optional<std::uint32_t> part{};  // of the message; none: a sentence of the server
  std::string text{};                   // of text and reasoning
  std::size_t call = 0;                 // among the turn's calls
  bool within = false;                  // the text goes on within the block before
};

// One message of the request. The results of its calls follow it.
struct Turn {
  Role role = Role::user;  // never `tool`
  std::vector<Section> sections{};
  std::string reasoning{};              // of all sections, joined by empty lines
  std::vector<std::string> reasoned{};  // the ids of the messages that it is from
  std::vector<TurnCall> calls{};
  std::vector<const OpaqueData*> opaque{};  // of its reasoning and its messages, for this provider
  std::vector<Block> blocks{};              // of an assistant, for providers that take blocks
};

// Is a message of this kind of agent a list of blocks, so that parts keep their order and give back
// what the provider wrote with them?
[[nodiscard]] bool takes_blocks(const RequestSettings& settings);

// What the provider that now gets the request once wrote with this part, or with the message as a
// whole (no part); null: nothing.
[[nodiscard]] const OpaqueData* own_data(const Message& message, std::optional<std::uint32_t> part,
                                         const RequestSettings& settings);
[[nodiscard]] const OpaqueData* own_data(const Block& block, const RequestSettings& settings);

// The turns of the path, the configured system prompt first. Each is of one message, whose place it
// has; none are joined. The messages before `first` (an index of the path) are left out, except
// those of role system. Results of their calls go with the calls.
[[nodiscard]] std::vector<Turn> turns_of(const Context& context, const RequestSettings& settings,
                                         Repairs& repairs, std::size_t first = 0);

// Joins a continued answer to one turn, as it is one answer on the screen, and with `all` all
// neighbours of one role: many chat templates insist that roles alternate. The results of calls
// stand between two turns.
[[nodiscard]] std::vector<Turn> joined(std::vector<Turn> turns, bool all, Repairs& repairs);

// Adds the user's turn that asks for the rest of an answer, if the run continues one and the
// provider does not go on by itself.
void ask_for_the_rest(std::vector<Turn>& turns, const Context& context,
                      const RequestSettings& settings, Repairs& repairs);

}  // namespace lockstep
