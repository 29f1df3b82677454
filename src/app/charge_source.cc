#include "app/charge_source.h"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <istream>
#include <utility>

#include "app/port_plan.h"
#include "sink/control_socket.h"
#include "sink/json.h"
#include "sink/text.h"

namespace bmsd {
namespace {

using Json = nlohmann::json;

constexpr auto kEvery = 500ms;
constexpr int kMostFailures = 20;  // in a row
const std::string kQuestion = "{\"ask\":\"show\"}\n";

}  // namespace

std::optional<ChargeLimits> limits_in(const Json& answer, const std::string& port, int address) {
  const auto batteries = answer.find("batteries");
  if (batteries == answer.end() || !batteries->is_array()) return std::nullopt;
  for (const Json& battery : *batteries) {
    if (!same_port(text_at(battery, "port"), port)) continue;
    if (number_at(battery, "address").value_or(address) != address) continue;
    const Json limits = object_at(battery, "limits");
    const auto cvl = number_at(limits, "cvl_v"), ccl = number_at(limits, "ccl_a"), dcl = number_at(limits, "dcl_a");
    if (!cvl || !ccl || !dcl) return std::nullopt;
    return ChargeLimits{*cvl, *ccl, *dcl};
  }
  return std::nullopt;
}

ChargeSource::ChargeSource(boost::asio::io_context& io, std::string socket, OnAnswer on_answer)
    : path_(socket.empty() ? default_socket_path() : std::move(socket)),
      on_answer_(std::move(on_answer)),
      socket_(io),
      timer_(io) {}

void ChargeSource::stop() {
  stopped_ = true;
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void ChargeSource::connect() {
  socket_.async_connect(path_, [this](const boost::system::error_code& error) { error ? retry(true) : ask(); });
}

void ChargeSource::ask() {
  boost::asio::async_write(socket_, boost::asio::buffer(kQuestion), [this](const auto& error, std::size_t) {
    if (error) return retry(true);
    boost::asio::async_read_until(socket_, buffer_, '\n', [this](const auto& failed, std::size_t) {
      if (failed) return retry(true);
      std::string line;
      std::istream stream(&buffer_);
      std::getline(stream, line);
      const Json answer = parse_json(line);
      if (!answer.is_object() || answer.value("ok", Json()) != true) return retry(true);
      failures_ = 0;
      on_answer_(answer);
      retry(false);
    });
  });
}

void ChargeSource::retry(bool failed) {
  if (stopped_) return;
  if (failed) {
    boost::system::error_code ignored;
    socket_.close(ignored);
    buffer_.consume(buffer_.size());
    if (++failures_ == kMostFailures) on_answer_(nullptr);
  }
  timer_.expires_after(kEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    socket_.is_open() ? ask() : connect();
  });
}

}  // namespace bmsd
