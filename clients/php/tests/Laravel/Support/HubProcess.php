<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

/** A hub of the test's own: `cognate up` in a directory that goes with it. */
final class HubProcess
{
    public readonly string $directory;
    public string $socket = '';
    /** @var resource|null */
    private $process = null;

    /** @param list<string> $databases made in its PostgreSQL */
    public function __construct(private readonly array $databases = ['blog'], private readonly array $more = [])
    {
        $this->directory = sys_get_temp_dir() . '/cgl' . getmypid() . bin2hex(random_bytes(2));
        mkdir($this->directory);
        chmod($this->directory, 0755);
        register_shutdown_function(fn () => $this->remove());
    }

    public static function binary(): string
    {
        return (getenv('COGNATE_BIN_DIR') ?: dirname(__DIR__, 5) . '/build/release/bin') . '/cognate';
    }

    public function start(): void
    {
        @unlink("$this->directory/ready.json");
        $words = [self::binary(), 'up', "--data-dir=$this->directory/data", '--admin=127.0.0.1:0', "--ready-file=$this->directory/ready.json"];
        foreach ($this->more as $word) {
            $words[] = str_replace('SOCKET', "unix:$this->directory/data/cognate.sock", $word);
        }
        if ($this->hasGateway() && !str_contains(implode(' ', $words), '--http=')) {
            $words[] = '--http=127.0.0.1:0';
        }
        foreach ($this->databases as $database) {
            $words[] = "--database=$database";
        }
        $log = ['file', "$this->directory/up.log", 'a'];
        $this->process = proc_open($words, [['file', '/dev/null', 'r'], $log, $log], $pipes, $this->directory) ?: null;
        Eventually::is(fn (): bool => is_file("$this->directory/ready.json") || !$this->isRunning(), 'the hub is ready');
        if (!$this->isRunning()) {
            throw new \RuntimeException('the hub did not start: ' . file_get_contents("$this->directory/up.log"));
        }
        $ready = $this->ready();
        $this->socket = str_starts_with($ready['grpc'], 'unix:') ? explode(',', $ready['grpc'])[0] : "unix:$this->directory/data/cognate.sock";
    }

    /** @return array<string, mixed> */
    public function ready(): array
    {
        return json_decode((string) file_get_contents("$this->directory/ready.json"), true, 16, JSON_THROW_ON_ERROR);
    }

    public function hasGateway(): bool
    {
        return str_contains((string) shell_exec(escapeshellarg(self::binary()) . ' up --help'), '--http=');
    }

    /** Where applications reach it: `tcp` or `connect`. */
    public function address(string $transport): string
    {
        $ready = $this->ready();
        return 'http://' . ($transport === 'tcp' ? "127.0.0.1:{$ready['grpc_port']}" : $ready['http'][0]);
    }

    public function isRunning(): bool
    {
        return $this->process !== null && proc_get_status($this->process)['running'];
    }

    public function stop(int $signal = SIGTERM): void
    {
        if ($this->process === null) {
            return;
        }
        if ($this->isRunning()) {
            proc_terminate($this->process, $signal);
            Eventually::is(fn (): bool => !$this->isRunning(), 'the hub has ended');
        }
        proc_close($this->process);
        $this->process = null;
    }

    /** The command line, as an operator on this machine. */
    public function cognate(string ...$words): string
    {
        $process = proc_open([self::binary(), '--address', $this->socket, ...$words], [['file', '/dev/null', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, $this->directory);
        if ($process === false) {
            throw new \RuntimeException('cannot run ' . self::binary());
        }
        $said = (string) stream_get_contents($pipes[1]);
        $complained = (string) stream_get_contents($pipes[2]);
        if (($code = proc_close($process)) !== 0) {
            throw new \RuntimeException('cognate ' . implode(' ', $words) . " ended with $code: $said$complained");
        }
        return $said . $complained;
    }

    /** @return array<string, mixed> for Eloquent */
    public function database(string $name): array
    {
        $uri = (string) ($this->ready()['databases'][$name] ?? '');
        parse_str((string) parse_url($uri === '' ? '' : substr($uri, strlen('postgresql://')), PHP_URL_QUERY), $query);
        return [
            'driver' => 'pgsql',
            'host' => $query['host'] ?? '',
            'port' => $query['port'] ?? 5432,
            'database' => $name,
            'username' => $query['user'] ?? '',
            'password' => '',
            'charset' => 'utf8',
        ];
    }

    public function remove(): void
    {
        $this->stop();
        if (is_dir($this->directory)) {
            exec('rm -rf ' . escapeshellarg($this->directory));
        }
    }
}
