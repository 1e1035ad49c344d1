<?php

// What Proxy runs for each request: fails as its rules say, else asks the hub.

declare(strict_types=1);

$proxy_directory = (string) getenv('PROXY');
$proxy_said = json_decode((string) file_get_contents("$proxy_directory/rules"), true, 16, JSON_THROW_ON_ERROR);
[$proxy_verb, $proxy_path, $proxy_body] = [$_SERVER['REQUEST_METHOD'], $_SERVER['REQUEST_URI'], (string) file_get_contents('php://input')];
foreach ($proxy_said['rules'] as $proxy_number => $proxy_rule) {
    if (($proxy_rule['verb'] ?? $proxy_verb) !== $proxy_verb || !str_contains($proxy_path, $proxy_rule['path'] ?? '')) {
        continue;
    }
    // One request at a time is answered here, so nobody else counts meanwhile.
    $proxy_counter = "$proxy_directory/count.{$proxy_said['round']}.$proxy_number";
    $proxy_count = (int) @file_get_contents($proxy_counter) + 1;
    file_put_contents($proxy_counter, (string) $proxy_count);
    $proxy_from = $proxy_rule['from'] ?? 1;
    if ($proxy_count < $proxy_from || $proxy_count >= $proxy_from + ($proxy_rule['times'] ?? PHP_INT_MAX - $proxy_from)) {
        continue;
    }
    if (isset($proxy_rule['replace'])) {
        $proxy_body = (string) preg_replace($proxy_rule['replace'][0], $proxy_rule['replace'][1], $proxy_body);
        continue;
    }
    if (($proxy_rule['kill'] ?? false) && !is_file("$proxy_directory/victim")) {
        continue;
    }
    file_put_contents("$proxy_directory/asked", "$proxy_verb $proxy_path FAILED\n", FILE_APPEND);
    if ($proxy_rule['kill'] ?? false) {
        $proxy_victim = (int) file_get_contents("$proxy_directory/victim");
        unlink("$proxy_directory/victim");
        posix_kill($proxy_victim, SIGKILL);
        exit;
    }
    http_response_code($proxy_rule['status']);
    header('content-type: application/json');
    echo $proxy_rule['body'];
    exit;
}
file_put_contents("$proxy_directory/asked", "$proxy_verb $proxy_path " . (strlen($proxy_body) < 20_000 && str_starts_with($proxy_body, '{') ? strtr($proxy_body, "\n", ' ') : '') . "\n", FILE_APPEND);
$proxy_curl = curl_init(getenv('HUB') . $proxy_path);
$proxy_headers = [];
foreach (getallheaders() as $proxy_name => $proxy_value) {
    in_array(strtolower($proxy_name), ['host', 'content-length', 'connection', 'expect'], true) || $proxy_headers[] = "$proxy_name: $proxy_value";
}
curl_setopt_array($proxy_curl, [
    CURLOPT_CUSTOMREQUEST => $proxy_verb, CURLOPT_HTTPHEADER => [...$proxy_headers, 'Expect:'], CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 120,
    CURLOPT_HEADERFUNCTION => static function (mixed $curl, string $line): int {
        if (str_contains($line, ':') && preg_match('/^(transfer-encoding|connection|content-length|keep-alive)\s*:/i', $line) !== 1) {
            header(trim($line), false);
        }
        return strlen($line);
    },
] + ($proxy_verb === 'HEAD' ? [CURLOPT_NOBODY => true] : []) + ($proxy_body === '' ? [] : [CURLOPT_POSTFIELDS => $proxy_body]));
$proxy_answer = curl_exec($proxy_curl);
http_response_code($proxy_answer === false ? 502 : (int) curl_getinfo($proxy_curl, CURLINFO_RESPONSE_CODE));
echo $proxy_answer === false ? curl_error($proxy_curl) : $proxy_answer;
