// SPDX-License-Identifier: Apache-2.0
// args_parts.h: the list of verbs, and the parts that their command lines share.
//
// Each verb is a subcommand of CLI11 that fills in its options; args.cc puts the verbs together.
// The verbs that only read a store are in args_looking.cc, those that make, change or serve one are
// in args_making.cc.
//
// Lives on: the main thread.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/ids.h"
#include "tools/verbs/verbs.h"

namespace lockstep {

// A verb under construction: CLI11 writes into `options` while it parses.
template <class Options>
struct MadeVerb {
  CLI::App* verb;
  Options& options;
};

template <class Options>
MadeVerb<Options> add_verb(CLI::App& app, std::optional<Verb>& asked, const char* name,
                           const char* about_it) {
  CLI::App* verb = app.add_subcommand(name, about_it);
  const auto options = std::make_shared<Options>();
  verb->callback([options, &asked] { asked = *options; });
  return {verb, *options};
}

// The error of an id; empty if the id is good.
[[nodiscard]] std::string check_id(const std::string& text);

// Options of types that CLI11 does not have.
template <class Id>
CLI::Option* add_id(CLI::App* verb, const std::string& name, Id& id, const char* about_it) {
  return verb
      ->add_option_function<std::string>(
          name, [&id](const std::string& text) { id = Id(text); }, about_it)
      ->check(check_id, "ID");
}

template <class Id>
CLI::Option* add_id(CLI::App* verb, const std::string& name, std::optional<Id>& id,
                    const char* about_it) {
  return verb
      ->add_option_function<std::string>(
          name, [&id](const std::string& text) { id = Id(text); }, about_it)
      ->check(check_id, "ID");
}

// Refuses an empty path as an error of usage: a script may pass a variable that is not set. `thing`
// is what to name: a folder or a file.
CLI::Option* not_empty(CLI::Option* option, const char* thing);

void add_user(CLI::App* verb, std::optional<UserId>& user);
void add_time(CLI::App* verb, const std::string& name, std::optional<Timestamp>& at,
              const char* about_it);
void add_data(CLI::App* verb, std::string& data);
void add_json(CLI::App* verb, bool& json);

void add_serve(CLI::App& app, std::optional<Verb>& asked);
void add_show(CLI::App& app, std::optional<Verb>& asked);
void add_replay(CLI::App& app, std::optional<Verb>& asked);
void add_context(CLI::App& app, std::optional<Verb>& asked);
void add_import(CLI::App& app, std::optional<Verb>& asked);
void add_export(CLI::App& app, std::optional<Verb>& asked);
void add_verify(CLI::App& app, std::optional<Verb>& asked);
void add_rebuild(CLI::App& app, std::optional<Verb>& asked);
void add_backup(CLI::App& app, std::optional<Verb>& asked);
void add_restore(CLI::App& app, std::optional<Verb>& asked);
void add_salvage(CLI::App& app, std::optional<Verb>& asked);
void add_token(CLI::App& app, std::optional<Verb>& asked);

}  // namespace lockstep
