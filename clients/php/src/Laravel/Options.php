<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Exceptions\InvalidDefinition;

/** The settings of config/cognate.php, checked. */
final class Options
{
    public const SENDS = ['cron', 'terminating', 'queue'];

    /** @param array<string, mixed> $hub what the client is connected with: address, platform, key and so on */
    public function __construct(
        public readonly bool $enabled = true,
        public readonly string $platform = '',
        public readonly array $hub = [],
        public readonly string $send = 'cron',
        public readonly ?string $queue = null,
        public readonly float $sendSeconds = 5.0,
        public readonly string $captureErrors = 'report',
        public readonly int $batch = 500,
        public readonly int $pull = 200,
        public readonly int $leaseSeconds = 60,
        public readonly ?int $transaction = null,
        public readonly int $maxSeconds = 55,
        public readonly ?string $actsAs = null,
        public readonly ?string $connection = null,
        public readonly string $timezone = 'UTC',
        public readonly bool $events = true,
    ) {
        if (!in_array($send, self::SENDS, true)) {
            throw new InvalidDefinition("cognate.send: got \"$send\", want cron, terminating or queue");
        }
        if (!in_array($captureErrors, ['report', 'throw'], true)) {
            throw new InvalidDefinition("cognate.capture_errors: got \"$captureErrors\", want report or throw");
        }
        foreach (['batch' => $batch, 'pull' => $pull] as $name => $number) {
            if ($number < 1 || $number > 1000) {
                throw new InvalidDefinition("cognate.$name: got $number, want 1 to 1000");
            }
        }
    }

    /** @param array<string, mixed> $config */
    public static function of(array $config, string $timezone = 'UTC'): self
    {
        return new self(
            enabled: (bool) ($config['enabled'] ?? true),
            platform: (string) ($config['platform'] ?? ''),
            hub: (array) ($config['hub'] ?? []),
            send: (string) ($config['send'] ?? 'cron'),
            queue: isset($config['queue']) ? (string) $config['queue'] : null,
            sendSeconds: (float) ($config['send_seconds'] ?? 5.0),
            captureErrors: (string) ($config['capture_errors'] ?? 'report'),
            batch: (int) ($config['batch'] ?? 500),
            pull: (int) ($config['pull'] ?? 200),
            leaseSeconds: (int) ($config['lease_seconds'] ?? 60),
            transaction: isset($config['transaction']) ? max(1, (int) $config['transaction']) : null,
            maxSeconds: (int) ($config['max_seconds'] ?? 55),
            actsAs: $config['acts_as'] ?? null,
            connection: $config['connection'] ?? null,
            timezone: (string) ($config['timezone'] ?? $timezone),
            events: (bool) ($config['events'] ?? true),
        );
    }
}
