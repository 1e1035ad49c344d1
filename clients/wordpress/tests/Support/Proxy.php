<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress\Support;

use Cognate\Rpc\ErrorInfo;
use Cognate\Tests\Laravel\Support\Eventually;

/** Stands between one site and the hub, writes down what is asked, and fails as a test says; see proxy_router.php. */
final class Proxy
{
    public readonly string $url;
    private readonly string $directory;

    public function __construct(private readonly Site $site, private readonly string $hub)
    {
        $this->directory = "$site->file.proxy" . bin2hex(random_bytes(3));
        mkdir($this->directory);
        $this->fail();
        $port = Browser::freePort();
        $this->url = "http://127.0.0.1:$port";
        $log = ['file', "$this->directory/log", 'a'];
        $words = [PHP_BINARY, '-d', 'post_max_size=64M', '-d', 'enable_post_data_reading=0', '-d', 'memory_limit=512M', '-S', "127.0.0.1:$port", __DIR__ . '/proxy_router.php'];
        $server = proc_open($words, [['file', '/dev/null', 'r'], $log, $log], $pipes, $this->directory, ['PROXY' => $this->directory, 'HUB' => $hub] + getenv());
        register_shutdown_function(static function () use ($server): void {
            is_resource($server) && proc_terminate($server);
            is_resource($server) && proc_close($server);
        });
        Eventually::is(static fn (): bool => is_resource(@fsockopen('127.0.0.1', $port)), 'the proxy answers', fn (): string => (string) file_get_contents("$this->directory/log"));
        $site->settings(['address' => $this->url]);
    }

    /** The site asks the hub itself again. */
    public function leave(): void
    {
        $this->site->settings(['address' => $this->hub]);
    }

    /**
     * From now on, and what was asked before is forgotten. Without a rule everything goes through.
     *
     * @param array<string, mixed> ...$rules each: `verb`, `path` (a part of it), `from` (the first such call that counts, 1), `times`, and what
     *     becomes of it: `status` and `body`, `kill`, or `replace` (a pattern in what is asked, and what stands in its place)
     */
    public function fail(array ...$rules): void
    {
        file_put_contents("$this->directory/asked", '');
        file_put_contents("$this->directory/rules.new", json_encode(['round' => random_int(1, PHP_INT_MAX), 'rules' => $rules], JSON_THROW_ON_ERROR));
        rename("$this->directory/rules.new", "$this->directory/rules");
    }

    /** @return array{status: int, body: string} as the gateway answers */
    public static function error(int $status, string $code, string $reason): array
    {
        $info = (new ErrorInfo(['reason' => $reason, 'domain' => 'cognate']))->serializeToString();
        $error = ['code' => $code, 'message' => "as the test says: $reason", 'details' => [['type' => 'google.rpc.ErrorInfo', 'value' => rtrim(base64_encode($info), '=')]]];
        return ['status' => $status, 'body' => json_encode($error, JSON_THROW_ON_ERROR)];
    }

    /** @return list<string> `VERB path what-was-asked` of each call, where it is short; those that a pattern fits */
    public function asked(string $pattern = '//'): array
    {
        return array_values(preg_grep($pattern, explode("\n", rtrim((string) file_get_contents("$this->directory/asked")))) ?: []);
    }

    /** The worker that a rule with `kill` ends. */
    public function victim(int $process): void
    {
        file_put_contents("$this->directory/victim", (string) $process);
    }
}
