// SPDX-License-Identifier: Apache-2.0
// token.cc: makes, lists and revokes the access tokens of fronts and workers.
//
// A token is 256 random bits, and is shown once; the file holds its hash (server/base/auth.h owns
// the format). The file is replaced atomically, so a server reads either the former or the new one.
#include <algorithm>
#include <cstdio>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rules/digest.h"
#include "schema/json/json_text.h"
#include "server/base/auth.h"
#include "server/base/printable.h"
#include "tools/base/file.h"
#include "tools/base/system.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

constexpr const char* running_advice = "A running server applies this at once.";
// To a server an empty file looks like a write in progress, and it would keep the former tokens.
constexpr const char* no_tokens = "# No tokens: the server refuses every request.\n";

Trouble trouble(const Error& error) {
  return {error.code == codes::invalid ? ExitCode::usage : ExitCode::failed, error.detail, ""};
}

// A missing file has no tokens.
Result<std::string> file_so_far(const std::string& path) {
  TRY(check_is_regular(path));
  auto content = read_file(path);
  if (!content && content.error().code == codes::no_file) return std::string();
  return content;
}

std::string make_token(Random& random) {
  std::string token = "lockstep_";
  for (int word = 0; word < 4; ++word) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random.next()));
    token += text;
  }
  return token;
}

// A token's name is a bare key in the TOML file.
bool is_token_name(std::string_view name) {
  return is_id(name) && name.find_first_of(".:") == std::string_view::npos;
}

// A server refuses a blank file; here it is the file before the first token.
Result<Auth> tokens_in(const std::string& content, const std::string& path) {
  if (content.find_first_not_of(" \t\r\n") == std::string::npos) return Auth();
  return Auth::parse(content, path, Auth::Least::no_token);
}

void append_owner(std::string& line, const Token& token) {
  if (token.produce.empty()) return append_field(line, "user", token.user.get());
  append_name(line, "produce");
  append_array(line, token.produce,
               [](std::string& out, const AgentName& agent) { append_text(out, agent.get()); });
}

ExitCode create(const TokenOptions& options, const Auth& auth, std::string content,
                Terminal& terminal) {
  const bool agents_good =
      std::ranges::all_of(options.produce, [](const std::string& agent) { return is_id(agent); });
  if (options.produce.empty() == options.user.get().empty()) {
    return terminal.fail({ExitCode::usage,
                          "a token is a user's or a worker's: name --user or --produce, not both",
                          "Try `lockstep token create alices-phone --user alice --file FILE`, or "
                          "`lockstep token create worker --produce AGENT --file FILE`."});
  }
  const bool user_good = !options.produce.empty() || is_id(options.user.get());
  if (!is_token_name(options.name) || !user_good || !agents_good) {
    return terminal.fail(
        {ExitCode::usage,
         "a token's name has only A-Z a-z 0-9 _ -; the name of a user or an agent may also have . "
         "and :",
         "Try `lockstep token create alices-phone --user alice --file FILE`."});
  }
  if (std::ranges::count(auth.tokens(), options.name, &Token::name) > 0) {
    return terminal.fail({ExitCode::failed, "a token `" + options.name + "` exists already",
                          "Choose another name, or revoke that token first."});
  }
  SystemRandom random;
  const std::string token = make_token(random);
  if (!content.empty() && !content.ends_with('\n')) content += '\n';
  if (!content.empty()) content += '\n';
  std::vector<AgentName> produce;
  produce.reserve(options.produce.size());
  for (const std::string& agent : options.produce) produce.emplace_back(agent);
  const Token made{options.name, options.user, sha256(token), std::move(produce)};
  content += token_lines(made);
  const auto written = replace_file(options.file, content);
  if (!written) return terminal.fail(trouble(written.error()));
  if (options.json) {
    std::string line = "{";
    append_field(line, "name", options.name);
    append_owner(line, made);
    append_field(line, "token", token);
    terminal.print_json(line + "}\n");
  } else {
    terminal.print(token + "\n");
    terminal.note("This is shown once; " + options.file + " holds only its hash. " +
                  running_advice);
  }
  return ExitCode::ok;
}

std::string whose(const Token& token) {
  std::string text = one_line(token.user.get(), 128);
  for (const AgentName& agent : token.produce) {
    text += (text.empty() ? "produces " : ", ") + one_line(agent.get(), 128);
  }
  return text;
}

ExitCode list(const TokenOptions& options, const Auth& auth, Terminal& terminal) {
  for (const Token& token : auth.tokens()) {
    if (!options.json) {
      terminal.print(one_line(token.name, 128) + "  " + whose(token) + "\n");
      continue;
    }
    std::string line = "{";
    append_field(line, "name", token.name);
    append_owner(line, token);
    append_field(line, "sha256", to_hex(token.hash));
    terminal.print_json(line + "}\n");
  }
  return ExitCode::ok;
}

ExitCode revoke(const TokenOptions& options, const Auth& auth, Terminal& terminal) {
  std::vector<Token> tokens = auth.tokens();
  const std::size_t gone =
      std::erase_if(tokens, [&](const Token& token) { return token.name == options.name; });
  if (gone == 0) {
    return terminal.fail({ExitCode::failed, "there is no token `" + options.name + "`",
                          "`lockstep token list` lists the tokens."});
  }
  std::string content;
  if (tokens.empty()) content = no_tokens;
  for (const Token& token : tokens) content += (content.empty() ? "" : "\n") + token_lines(token);
  const auto written = replace_file(options.file, content);
  if (!written) return terminal.fail(trouble(written.error()));
  terminal.note("Token `" + options.name + "` is revoked. " + running_advice);
  return ExitCode::ok;
}

}  // namespace

ExitCode run(const TokenOptions& options, Terminal& terminal) {
  auto content = options.action == TokenOptions::Action::create ? file_so_far(options.file)
                                                                : read_file(options.file);
  if (!content) {
    Trouble why = trouble(content.error());
    if (content.error().code == codes::no_file) why.advice = advice_on_no_token_file;
    return terminal.fail(why);
  }
  const auto auth = tokens_in(*content, options.file);
  if (!auth) return terminal.fail(trouble(auth.error()));
  switch (options.action) {
    case TokenOptions::Action::create:
      return create(options, *auth, std::move(*content), terminal);
    case TokenOptions::Action::list:
      return list(options, *auth, terminal);
    case TokenOptions::Action::revoke:
      return revoke(options, *auth, terminal);
  }
  return ExitCode::usage;
}

}  // namespace lockstep
