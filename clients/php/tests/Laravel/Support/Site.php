<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Illuminate\Database\Connection;

/** One application: here, to write with, and as processes of its own, to work and to be killed. */
final class Site
{
    public readonly App $app;
    public readonly string $settings;
    /** @var list<string> how PHP is called, such as with another clock */
    public array $php = [PHP_BINARY];

    /**
     * @param array<string, mixed> $database
     * @param array<string, mixed> $hub
     * @param array<string, mixed> $more of config/cognate.php
     * @param array<string, mixed> $config other files there, by their names
     */
    public function __construct(public readonly string $platform, string $home, array $database, private array $hub, array $more = [], int $firstId = 1, array $config = [])
    {
        is_dir($home) || mkdir($home, 0755, true);
        $this->settings = "$home/$platform.json";
        // What a killed worker has fetched comes again after so long.
        $cognate = $more + ['lease_seconds' => 3, 'platform' => $platform, 'hub' => $hub, 'models' => Blog::MODELS];
        file_put_contents($this->settings, json_encode(['connections' => ['default' => $database], 'cognate' => $cognate, 'config' => $config], JSON_PRETTY_PRINT));
        $this->app = new App(['default' => $database], $cognate, $home, 'en', $config);
        if ($firstId > 0) {
            Blog::create($this->database(), $firstId);
            $this->app->makeTables();
        }
    }

    /** @param array<string, mixed> $hub another way to the hub, for the processes that begin from here on */
    public function reach(array $hub): void
    {
        $settings = json_decode((string) file_get_contents($this->settings), true, 64, JSON_THROW_ON_ERROR);
        $settings['cognate']['hub'] = $hub;
        file_put_contents($this->settings, json_encode($settings, JSON_PRETTY_PRINT));
    }

    public function database(): Connection
    {
        return $this->app->manager->getConnection();
    }

    /**
     * @template T
     * @param \Closure(): T $write
     * @return T
     */
    public function in(\Closure $write): mixed
    {
        $this->app->enter();
        return $write();
    }

    /** @return resource */
    public function start(string ...$words)
    {
        return $this->startWith([], ...$words);
    }

    /**
     * @param array<string, string> $environment see artisan.php
     * @return resource
     */
    public function startWith(array $environment, string ...$words)
    {
        $log = ['file', "$this->settings.log", 'a'];
        $process = proc_open($this->words($words), [['file', '/dev/null', 'r'], $log, $log], $pipes, null, $environment + getenv());
        return $process === false ? throw new \RuntimeException('cannot start php') : $process;
    }

    public function run(string ...$words): string
    {
        $process = proc_open($this->words($words), [['file', '/dev/null', 'r'], ['pipe', 'w'], ['redirect', 1]], $pipes);
        $said = $process === false ? '' : (string) stream_get_contents($pipes[1]);
        if ($process === false || ($code = proc_close($process)) !== 0) {
            throw new \RuntimeException(implode(' ', $words) . " on $this->platform ended with " . ($code ?? '?') . ": $said");
        }
        return $said;
    }

    /**
     * Somebody who writes; ended by `wrote`.
     *
     * @return array{resource, resource}
     */
    public function write(int $seed, int $writes, int $pause = 0): array
    {
        $words = [...$this->php, __DIR__ . '/writer.php', $this->settings, (string) $seed, (string) $writes, (string) $pause];
        $process = proc_open($words, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['file', "$this->settings.log", 'a']], $pipes);
        return $process === false ? throw new \RuntimeException('cannot start php') : [$process, $pipes[1]];
    }

    /**
     * @param array{resource, resource} $writer
     * @return array<string, list<string>> what is to be there
     */
    public function wrote(array $writer): array
    {
        $said = (string) stream_get_contents($writer[1]);
        if (proc_close($writer[0]) !== 0) {
            throw new \RuntimeException("the writer of $this->platform failed: $said" . $this->log());
        }
        return json_decode($said, true, 8, JSON_THROW_ON_ERROR);
    }

    /**
     * Runs the worker until it kills itself at a call that `$kill` names, or is killed after so many seconds; see KillingTransport.
     *
     * @return bool false: it has ended before
     */
    public function workUntilKilled(string|float $kill, float $longest = 5.0): bool
    {
        $process = $this->startWith(is_string($kill) ? ['KILL' => $kill] : [], 'cognate:work', "--max-seconds=$longest", '--idle=0.1');
        if (is_float($kill)) {
            usleep((int) ($kill * 1_000_000));
            proc_terminate($process, SIGKILL);
        }
        $status = null;
        Eventually::is(static function () use ($process, &$status): bool {
            $status = proc_get_status($process);
            return !$status['running'];
        }, 'the worker has ended');
        proc_close($process);
        return $status['signaled'] && $status['termsig'] === SIGKILL;
    }

    public function log(): string
    {
        return (string) @file_get_contents("$this->settings.log");
    }

    public function pending(): int
    {
        return $this->database()->table('cognate_outbox')->count();
    }

    /** @return array<string, list<array<mixed>>> */
    public function content(): array
    {
        return Blog::content($this->database());
    }

    /**
     * @param list<string> $words
     * @return list<string>
     */
    private function words(array $words): array
    {
        return [...$this->php, __DIR__ . '/artisan.php', $this->settings, ...$words];
    }
}
