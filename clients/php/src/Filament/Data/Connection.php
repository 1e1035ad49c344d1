<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\Client\Cognate;
use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\Laravel\Options;

/**
 * How the screens reach the hub: as the application does, but with a key of their own, because a platform's key sees nothing of other
 * platforms. Without one they show what the platform's own way shows.
 */
final class Connection
{
    /** @param array<string, mixed> $own `key` or `key_file` of the screens */
    public function __construct(private readonly Options $options, private readonly array $own = [], private ?Cognate $client = null)
    {
    }

    public function client(): Cognate
    {
        return $this->client ??= Cognate::connect($this->settings());
    }

    /** @return array<string, mixed> */
    private function settings(): array
    {
        $isSet = static fn (mixed $value): bool => $value !== null && $value !== '';
        $hub = array_filter($this->options->hub, $isSet);
        $own = array_filter(array_intersect_key($this->own, ['key' => true, 'key_file' => true]), $isSet);
        if ($own !== []) {
            unset($hub['key'], $hub['key_file']);
        }
        if (!isset($hub['address'])) {
            throw new InvalidDefinition('cognate.hub.address: want where the hub is, such as https://hub.example.org:7400; set COGNATE_ADDRESS');
        }
        return $own + $hub;
    }
}
