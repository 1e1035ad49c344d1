<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

use Cognate\Client\Cognate;
use Cognate\V1\EnrolPlatformRequest;

/** A real hub, `cognate up`, with private servers in a directory of its own. One for all tests of a kind. */
final class Hub
{
    private static ?self $plain = null;
    private static ?self $tls = null;
    private static ?self $narrow = null;

    public readonly TempDir $directory;
    /** `unix:/…` */
    public readonly string $socket;
    /** `http://127.0.0.1:…` or `https://localhost:…` */
    public readonly string $url;
    /** Where its gateway answers JSON over HTTP: as `$url`. */
    public readonly string $http;
    /** `unix:/…` */
    public readonly string $httpSocket;
    private readonly Program $program;

    /** @param list<string> $words */
    private function __construct(array $words, string $scheme, string $host, ?TempDir $directory = null)
    {
        $this->directory = $directory ?? new TempDir();
        $ready = $this->directory->file('ready.json');
        $this->socket = 'unix:' . $this->directory->file('hub.sock');
        $this->httpSocket = 'unix:' . $this->directory->file('http.sock');
        $this->program = new Program(
            [self::binary(), 'up', '--data-dir', $this->directory->file('data'), '--listen', "{$this->socket},127.0.0.1:0",
                '--admin', '127.0.0.1:0', '--ready-file', $ready, '--log-level', 'warn',
                '--http', "127.0.0.1:0,{$this->httpSocket}", ...$words],
            $this->directory->path,
            $this->directory->file('up.log')
        );
        Wait::until(fn (): bool => is_file($ready) || !$this->program->isRunning());
        if (!is_file($ready)) {
            throw new \RuntimeException("cognate up is not ready:\n" . $this->program->log());
        }
        $said = json_decode((string) file_get_contents($ready), true, 16, JSON_THROW_ON_ERROR);
        $this->url = "$scheme://$host:{$said['grpc_port']}";
        $this->http = preg_replace('/^[^:]*/', "$scheme://$host", $said['http'][0]);
    }

    /** On TCP without TLS, and on a socket. */
    public static function plain(): self
    {
        return self::$plain ??= new self(['--plaintext'], 'http', '127.0.0.1');
    }

    /** On TCP with TLS. */
    public static function tls(): self
    {
        if (self::$tls === null) {
            $directory = new TempDir();
            $made = new Certificates($directory);
            self::$tls = new self(
                ['--tls-certificate-file', $made->server, '--tls-key-file', $made->serverKey, '--tls-client-ca-file', $made->authority],
                'https',
                'localhost',
                $directory
            );
        }
        return self::$tls;
    }

    /** Has room for two watchers. */
    public static function narrow(): self
    {
        return self::$narrow ??= new self(['--plaintext', '--max-watchers', '2'], 'http', '127.0.0.1');
    }

    public static function binary(): string
    {
        $directory = getenv('COGNATE_BIN_DIR') ?: dirname(__DIR__, 5) . '/build/release/bin';
        return "$directory/cognate";
    }

    public static function isBuilt(): bool
    {
        return is_executable(self::binary());
    }

    public function file(string $name): string
    {
        return $this->directory->file($name);
    }

    public function log(): string
    {
        return $this->program->log();
    }

    /** The command line, as somebody on the hub's machine. */
    public function cli(string ...$words): string
    {
        $process = proc_open(
            [self::binary(), ...$words],
            [0 => ['file', '/dev/null', 'r'], 1 => ['pipe', 'w'], 2 => ['redirect', 1]],
            $pipes,
            $this->directory->path,
            ['COGNATE_ADDRESS' => $this->socket] + getenv()
        );
        $said = (string) stream_get_contents($pipes[1]);
        if (!is_resource($process) || proc_close($process) !== 0) {
            throw new \RuntimeException('cognate ' . implode(' ', $words) . ":\n$said\n" . $this->log());
        }
        return trim($said);
    }

    /** As the hub's own people: by the socket, without a key. */
    public function insider(): Cognate
    {
        return Cognate::connect(['address' => $this->socket]);
    }

    /** A new platform with an agent; its id. */
    public function platform(string $name): string
    {
        $id = $name . '-' . bin2hex(random_bytes(3));
        $this->cli('platform', 'create', $id, '--agent', '--pull');
        return $id;
    }

    /** Enrols a platform as its own software does it, by a token and the call that needs no key; the key. */
    public function enrol(string $platform): string
    {
        $token = $this->file("$platform-" . bin2hex(random_bytes(3)) . '.token');
        $this->cli('key', 'enrol-token', $platform, '--out', $token);
        $request = new EnrolPlatformRequest(['token' => trim((string) file_get_contents($token)), 'display_name' => 'tests']);
        return $this->insider()->key()->enrolPlatform($request)->getSecret();
    }

    public function key(string ...$words): string
    {
        $file = $this->file('key-' . bin2hex(random_bytes(4)));
        $this->cli('key', 'create', ...[...$words, '--out', $file]);
        return trim((string) file_get_contents($file));
    }
}
