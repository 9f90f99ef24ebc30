// SPDX-License-Identifier: Apache-2.0
// token.cc: the tokens that fronts come with.
//
// A token is 256 bits of chance, shown once; the file holds its hash (server/base/auth.h owns the
// form). The file is replaced as a whole, so a server that reads it meets the former one or the new
// one.
#include <algorithm>
#include <cstdio>

#include "engine/rules/digest.h"
#include "schema/json/json_text.h"
#include "server/base/auth.h"
#include "server/base/printable.h"
#include "tools/base/file.h"
#include "tools/base/system.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

constexpr const char* running_advice = "A running server goes by it at once.";
// An empty file looks as if it were being written, and a server would go on with the former one.
constexpr const char* no_tokens = "# There is no token: everybody is refused.\n";

Trouble trouble(const Error& error) {
  return {error.code == "invalid" ? ExitCode::usage : ExitCode::failed, error.detail, ""};
}

// No file yet: no tokens.
Result<std::string> file_so_far(const std::string& path) {
  if (auto regular = check_is_regular(path); !regular) return std::unexpected(regular.error());
  auto content = read_file(path);
  if (!content && content.error().code == "no_file") return std::string();
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

// A bare key of TOML.
bool is_token_name(std::string_view name) {
  return is_id(name) && name.find_first_of(".:") == std::string_view::npos;
}

// A file in which there is nothing (yet, or no more) is no error to us; to a server it is.
Result<Auth> tokens_in(const std::string& content, const std::string& path) {
  if (content.find_first_not_of(" \t\r\n") == std::string::npos) return Auth();
  return Auth::parse(content, path, Auth::Least::no_token);
}

ExitCode create(const TokenOptions& options, const Auth& auth, std::string content,
                Terminal& terminal) {
  if (!is_token_name(options.name) || !is_id(options.user.get())) {
    return terminal.fail({ExitCode::usage,
                          "a token's name is of A-Z a-z 0-9 _ -, a user's may have . and : too",
                          "Try `lockstep token create alices-phone --user alice --file FILE`."});
  }
  if (std::ranges::count(auth.tokens(), options.name, &Token::name) > 0) {
    return terminal.fail({ExitCode::failed, "there is a token `" + options.name + "` already",
                          "Take another name, or revoke that one first."});
  }
  SystemRandom random;
  const std::string token = make_token(random);
  if (!content.empty() && !content.ends_with('\n')) content += '\n';
  if (!content.empty()) content += '\n';
  content += token_lines({options.name, options.user, sha256(token)});
  const auto written = replace_file(options.file, content);
  if (!written) return terminal.fail(trouble(written.error()));
  if (options.json) {
    std::string line = "{";
    append_field(line, "name", options.name);
    append_field(line, "user", options.user.get());
    append_field(line, "token", token);
    terminal.print_json(line + "}\n");
  } else {
    terminal.print(token + "\n");
    terminal.note("This is shown once; " + options.file + " holds only its hash. " +
                  running_advice);
  }
  return ExitCode::ok;
}

ExitCode list(const TokenOptions& options, const Auth& auth, Terminal& terminal) {
  for (const Token& token : auth.tokens()) {
    if (!options.json) {
      terminal.print(one_line(token.name, 128) + "  " + one_line(token.user.get(), 128) + "\n");
      continue;
    }
    std::string line = "{";
    append_field(line, "name", token.name);
    append_field(line, "user", token.user.get());
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
                          "`lockstep token list` names them."});
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
  if (!content) return terminal.fail(trouble(content.error()));
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
