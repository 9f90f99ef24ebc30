// SPDX-License-Identifier: Apache-2.0
// tls.h: whom TLS trusts, and what a certificate says.
//
// Without files of its own an agent trusts the system's authorities (OpenSSL's SSL_CERT_FILE and
// SSL_CERT_DIR name others). With a `ca_file` it trusts the authorities in that file and no others:
// who runs a private authority wants no public one to vouch for the server. A client certificate is
// sent to a server that asks for one. The files are read when the agents are opened, so that a
// wrong one is told then and not by the first run.
//
// TLS checks the server's name against its certificate here, and keeps the names that it has found:
// "the certificate is for a, not for b" is what a person needs who has to correct an address.
//
// Lives on: any thread; a context does not change.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/verify_context.hpp>
#include <memory>
#include <string>

#include "engine/base/result.h"

namespace lockstep {

// Paths of PEM files; empty: none.
struct TlsFiles {
  std::string authorities = {};  // `ca_file`
  std::string certificate = {};  // `client_certificate_file`, with its chain
  std::string key = {};          // `client_key_file`; empty: the certificate's file has it
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

class TlsContext {
 public:
  // Fails with `invalid`, the setting and the path of a file that can't be used.
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> open(const TlsFiles& files);
  // With the system's authorities.
  TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext() = default;

  [[nodiscard]] boost::asio::ssl::context& context() { return context_; }

 private:
  boost::asio::ssl::context context_;
};

// Checks that a server's certificate is for this host.
class CertificateCheck {
 public:
  explicit CertificateCheck(std::string host) : host_(std::move(host)) {}
  // For each certificate of the chain, as OpenSSL asks.
  [[nodiscard]] bool check(bool trusted, boost::asio::ssl::verify_context& chain);
  // The fault in words: `the certificate is for a, b; not for c`; empty: the name was not the
  // fault.
  [[nodiscard]] std::string wrong_name() const;

 private:
  std::string host_;
  std::string names_;  // of a certificate for others
  bool is_for_other_ = false;
};

}  // namespace lockstep
