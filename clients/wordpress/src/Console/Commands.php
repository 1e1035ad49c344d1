<?php

declare(strict_types=1);

namespace Cognate\WordPress\Console;

use Cognate\WordPress\Doctor;
use Cognate\WordPress\Plugin;
use Cognate\WordPress\WorkReport;

/** What can be said to the plugin on a command line: by `wp cognate`, and by `bin/cognate` where there is no WP-CLI. */
final class Commands
{
    public const USAGE = <<<'TEXT'
        cognate enrol --address=URL --token-file=FILE [--ca-file=FILE] [--plaintext]   get this site's key
        cognate status [--json]              what waits, and what was refused
        cognate doctor                       what is wrong, and how to mend it
        cognate work [--seconds=55]          everything; 0: until there is nothing left to do
        cognate push [--all]                 send what has changed; --all compares every record first
        cognate pull                         write what is due
        cognate retry                        send again what the hub has refused
        cognate moved                        this site has another address by now, and is no copy
        TEXT;
    /** Seconds that `push` and `pull` take at most. */
    private const LONG = 3600.0;

    public function __construct(private readonly Plugin $plugin)
    {
    }

    /**
     * @param array<string, string|bool> $options
     * @param \Closure(string): void $say
     * @return int how the process ends
     */
    public function run(string $command, array $options, \Closure $say): int
    {
        return match ($command) {
            'enrol' => $this->enrol($options, $say),
            'status' => $this->status($options, $say),
            'doctor' => $this->doctor($say),
            'work' => $this->work($options, $say),
            'push' => $this->push($options, $say),
            'pull' => $this->told($this->plugin->worker->receive(self::LONG), $say),
            'retry' => $this->retry($say),
            'moved' => $this->moved($say),
            default => $this->usage($command, $say),
        };
    }

    /** @param \Closure(string): void $say */
    private function usage(string $command, \Closure $say): int
    {
        $command === '' || $command === 'help' || $say("got \"$command\", want one of these:");
        $say(self::USAGE);
        return $command === 'help' ? 0 : 2;
    }

    /** @param array<string, string|bool> $options @param \Closure(string): void $say */
    private function enrol(array $options, \Closure $say): int
    {
        $file = (string) ($options['token-file'] ?? '');
        $token = $file === '' ? '' : trim((string) @file_get_contents($file));
        if ($token === '') {
            $say('--token-file: want the file that `cognate key enrol-token` has made; a token on the command line would be seen by others');
            return 2;
        }
        $settings = array_filter(['address' => $options['address'] ?? '', 'ca_file' => $options['ca-file'] ?? ''], static fn (mixed $text): bool => is_string($text) && $text !== '');
        $this->plugin->settings->save($settings + (isset($options['plaintext']) ? ['plaintext' => true] : []));
        $platform = $this->plugin->hub->enrol($token, (string) wp_parse_url(home_url(), PHP_URL_HOST));
        $this->plugin->settings->save(['platform' => $platform]);
        $this->plugin->catalogue->forget();
        $this->plugin->home->remember();
        $say("this site is the platform $platform");
        return 0;
    }

    /** @param array<string, string|bool> $options @param \Closure(string): void $say */
    private function work(array $options, \Closure $say): int
    {
        if (function_exists('pcntl_async_signals')) {
            pcntl_async_signals(true);
            foreach ([SIGTERM, SIGINT] as $signal) {
                pcntl_signal($signal, fn () => $this->plugin->worker->stop());
            }
        }
        $seconds = (float) ($options['seconds'] ?? 55);
        return $this->told($this->plugin->worker->work($seconds, (float) ($options['idle'] ?? 1), $say), $say);
    }

    /** @param array<string, string|bool> $options @param \Closure(string): void $say */
    private function push(array $options, \Closure $say): int
    {
        if (isset($options['all'])) {
            $this->plugin->comparison->begin();
            $say($this->plugin->comparison->work(self::LONG) . ' records differ from what was sent');
        }
        return $this->told($this->plugin->worker->send(self::LONG), $say);
    }

    /** @param \Closure(string): void $say */
    private function retry(\Closure $say): int
    {
        $say($this->plugin->outbox->retry() . ' records are sent again');
        return $this->told($this->plugin->worker->send(self::LONG), $say);
    }

    /** @param \Closure(string): void $say */
    private function moved(\Closure $say): int
    {
        $this->plugin->home->remember();
        $say('this is where the platform ' . $this->plugin->settings->text('platform') . ' is now; a site that has the same key must not be anywhere else');
        return 0;
    }

    /** @param \Closure(string): void $say */
    private function told(WorkReport $report, \Closure $say): int
    {
        array_map(static fn (string $drift) => $say("sync $drift"), $report->drifts);
        $say("sent $report->sent, received $report->received, files $report->files");
        $report->obstacle === '' || $say($report->obstacle);
        $report->error === '' || $say($report->error);
        return $report->error === '' ? 0 : 1;
    }

    /** @param array<string, string|bool> $options @param \Closure(string): void $say */
    private function status(array $options, \Closure $say): int
    {
        $count = $this->plugin->outbox->count();
        $refused = array_map(static fn ($row): array => ['model' => $row->model, 'local_id' => $row->localId, 'error' => $row->error], $this->plugin->outbox->refused());
        $worked = $this->plugin->facts->get('worked');
        $status = [
            'platform' => $this->plugin->settings->text('platform'), 'pending' => $count['pending'], 'oldest_seconds' => $count['oldest'],
            'refused' => $refused, 'records' => $this->plugin->inbox->count(),
            'worked_seconds_ago' => $worked === null ? null : time() - (int) $worked, 'error' => $this->plugin->facts->get('error'),
        ];
        if (isset($options['json'])) {
            $say((string) json_encode($status, JSON_UNESCAPED_SLASHES));
            return 0;
        }
        $say("platform  {$status['platform']}");
        $say("records   {$status['records']}");
        $say("waiting   {$status['pending']}" . ($count['oldest'] === null ? '' : sprintf(', the oldest for %.0f s', $count['oldest'])));
        $say('worked    ' . ($worked === null ? 'never' : "{$status['worked_seconds_ago']} s ago"));
        $status['error'] === null || $say("error     {$status['error']}");
        foreach ($refused as $row) {
            $say("refused   {$row['model']} {$row['local_id']}: {$row['error']}");
        }
        return 0;
    }

    /** @param \Closure(string): void $say */
    private function doctor(\Closure $say): int
    {
        $isIll = false;
        foreach ((new Doctor($this->plugin))->examine() as [$state, $what, $mend]) {
            $say("[$state] $what" . ($mend === '' ? '' : " -> $mend"));
            $isIll = $isIll || $state === Doctor::ILL;
        }
        return $isIll ? 1 : 0;
    }
}
