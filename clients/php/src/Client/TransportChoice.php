<?php

declare(strict_types=1);

namespace Cognate\Client;

/** Which transport carries the calls, and why it and no other. */
final class TransportChoice
{
    /**
     * @param string $name `grpc`, `connect` or `ext-grpc`
     * @param string $why one sentence for people
     * @param array<string, string> $missing for each of the others: why it was not taken
     */
    public function __construct(
        public readonly string $name,
        public readonly string $why,
        public readonly array $missing = [],
    ) {
    }

    /** @return list<string> lines for people */
    public function lines(): array
    {
        $lines = ["{$this->name}: {$this->why}"];
        foreach ($this->missing as $name => $why) {
            $lines[] = "not $name: $why";
        }
        return $lines;
    }
}
