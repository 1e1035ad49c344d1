#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/audit_lines.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sync_options.h"
#include "cli/trouble_options.h"
#include "common/access/audit_chain.h"
#include "common/clock/time_proto.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::AuditService::Stub;

constexpr int kPage = 1000;
constexpr absl::Duration kProgressAfter = absl::Seconds(2);

struct ListOptions {
  v1::ListAuditEntriesRequest request;
  std::string since;
  int limit = -1;  // -1: 100 lines for a person, all entries for a program.
};

// "24h", "7d", or a time as RFC 3339 has it.
absl::Status SetSince(const std::string& text, v1::AuditFilter* filter) {
  absl::Duration age;
  absl::Time time;
  if (ParseAge(text, &age)) {
    time = absl::Now() - age;
  } else if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    return WrongOption("--since", text, "a time such as 24h, 7d or 2026-02-28T13:05:00Z");
  }
  *filter->mutable_since() = ToTimestamp(time);
  return absl::OkStatus();
}

// "UpdateSync" of "cognate.v1.PlatformRegistryService/UpdateSync".
std::string LastPart(const std::string& method) { return method.substr(method.rfind('/') + 1); }

absl::Status ListJson(Client& client, v1::ListAuditEntriesRequest request, int limit) {
  int64_t left = limit > 0 ? limit : INT64_MAX;
  do {
    ASSIGN_OR_RETURN(const v1::ListAuditEntriesResponse page,
                     client.Call(client.audit(), &Stub::ListAuditEntries, request));
    for (const v1::AuditEntry& entry : page.entries()) {
      if (left-- > 0) PrintJson(std::cout, entry);
    }
    request.set_page_token(page.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  return absl::OkStatus();
}

void PrintLines(const AuditLines& lines, size_t limit, bool has_more) {
  const absl::Time now = absl::Now();
  Table table({"TIME", "WHO", "FROM", "WHAT", "ON", "RESULT"});
  for (size_t i = 0; i < lines.lines().size() && i < limit; ++i) {
    const AuditLine& line = lines.lines()[i];
    table.Add({FormatTime(line.entry.time()), FormatPrincipal(line.entry), line.entry.address(),
               LastPart(line.entry.method()), line.entry.target(), FormatResult(line, now)});
  }
  table.Print(std::cout, "Nothing was written down.");
  if (has_more || lines.lines().size() > limit)
    std::cout << "\nThere is more: --limit 0 shows all, --newest the newest first.\n";
}

absl::Status ListLines(Client& client, v1::ListAuditEntriesRequest request, size_t limit) {
  AuditLines lines;
  // The other half of the last line may be on the page after.
  bool is_last_page = false;
  do {
    ASSIGN_OR_RETURN(const v1::ListAuditEntriesResponse page,
                     client.Call(client.audit(), &Stub::ListAuditEntries, request));
    for (const v1::AuditEntry& entry : page.entries()) lines.Add(entry);
    request.set_page_token(page.next_page_token());
    if (is_last_page) break;
    is_last_page = lines.lines().size() >= limit;
  } while (!request.page_token().empty());
  PrintLines(lines, limit, !request.page_token().empty());
  return absl::OkStatus();
}

absl::Status List(Context& context, ListOptions options) {
  if (!options.since.empty()) RETURN_IF_ERROR(SetSince(options.since, options.request.mutable_filter()));
  options.request.set_page_size(kPage);
  Client client = context.Connect();
  if (context.json) return ListJson(client, options.request, options.limit);
  const size_t limit = options.limit < 0 ? 100 : options.limit == 0 ? SIZE_MAX : size_t(options.limit);
  return ListLines(client, options.request, limit);
}

absl::StatusOr<std::string> ParseHead(const std::string& hex) {
  constexpr size_t kDigits = access::kAuditHashBytes * 2;
  if (!hex.empty() && (hex.size() != kDigits || hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos))
    return WrongOption("--head", hex, absl::StrCat("the ", kDigits, " hexadecimal digits that verify told"));
  return absl::HexStringToBytes(hex);
}

absl::Status ReadAll(Client& client, access::AuditVerifier* verifier) {
  v1::ListAuditEntriesRequest request;
  request.set_page_size(kPage);
  absl::Time tell = absl::Now() + kProgressAfter;
  do {
    ASSIGN_OR_RETURN(const v1::ListAuditEntriesResponse page,
                     client.Call(client.audit(), &Stub::ListAuditEntries, request));
    for (const v1::AuditEntry& entry : page.entries()) verifier->Add(entry);
    if (absl::Now() >= tell) {
      std::cerr << FormatCount(verifier->count()) << " entries verified so far\n";
      tell = absl::Now() + kProgressAfter;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status Verify(Context& context, const std::string& known_head) {
  ASSIGN_OR_RETURN(const std::string wanted, ParseHead(known_head));
  access::AuditVerifier verifier(wanted);
  Client client = context.Connect();
  RETURN_IF_ERROR(ReadAll(client, &verifier));
  const std::optional<access::AuditFault>& fault = verifier.Finish();
  const std::string head = absl::BytesToHexString(verifier.head());
  if (context.json) {
    nlohmann::ordered_json result = {{"entries", verifier.count()}, {"head", head}, {"ok", !fault}};
    if (fault) result.update({{"broken_sequence", fault->sequence}, {"broken", fault->what}});
    std::cout << result.dump() << "\n";
  } else {
    std::cout << FormatCount(verifier.count()) << (verifier.count() == 1 ? " entry" : " entries");
    std::cout << (fault ? ", the last one with the hash " : ", each as it was written. Head: ") << head
              << "\n";
  }
  if (!fault) return absl::OkStatus();
  return Error(absl::StatusCode::kDataLoss, "AUDIT_BROKEN",
               absl::StrCat("the audit is broken: ", fault->what));
}

void AddList(CLI::App& audit, Context& context) {
  CLI::App* list = audit.add_subcommand("list", "Who did what, one line for each call");
  list->footer(
      "Examples:\n"
      "  cognate audit list --since 24h\n"
      "  cognate audit list --target syncs/countries --newest --limit 20\n"
      "  cognate audit list --principal keys/ada --method UpdateSync");
  auto options = std::make_shared<ListOptions>();
  v1::AuditFilter& filter = *options->request.mutable_filter();
  list->add_option("--since", options->since, "Only since then: 24h, 7d or 2026-02-28T13:05:00Z");
  list->add_option("--principal", *filter.mutable_principal(), "Only by: keys/…, local, services, anonymous");
  list->add_option("--method", *filter.mutable_method(), "Only this: UpdateSync");
  list->add_option("--target", *filter.mutable_target(), "Only on this: syncs/countries");
  list->add_option("--limit", options->limit, "At most so many; 0 for all. Default: 100, with --json all")
      ->check(CLI::NonNegativeNumber);
  list->add_flag_callback(
      "--newest", [options] { options->request.set_newest_first(true); }, "Newest first");
  list->callback([&context, options] { context.status = List(context, *options); });
}

}  // namespace

void AddAuditCommand(CLI::App& app, Context& context) {
  CLI::App* audit = app.add_subcommand("audit", "Who did what, and whether that is still what was written");
  audit->require_subcommand(1);
  AddList(*audit, context);
  CLI::App* verify = audit->add_subcommand(
      "verify", "Make every hash of the audit anew (docs/audit.md); exit code 1 if one is wrong");
  verify->footer(
      "Write the head down where the database's administrators cannot reach.\n"
      "Examples:\n"
      "  cognate audit verify\n"
      "  cognate audit verify --head 5f0c…    what was there then is there still");
  auto head = std::make_shared<std::string>();
  verify->add_option("--head", *head, "A head that was written down earlier");
  verify->callback([&context, head] { context.status = Verify(context, *head); });
}

}  // namespace cognate::cli
