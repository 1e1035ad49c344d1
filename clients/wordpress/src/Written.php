<?php

declare(strict_types=1);

namespace Cognate\WordPress;

/** What became of a delivery here. */
final class Written
{
    /**
     * @param string $localId empty for a delete
     * @param int $version that is here now
     * @param array<string, mixed>|null $otherwise delivered fields in which something else is here than what was delivered; null: that is for
     *     the next capture to tell
     */
    public function __construct(public readonly string $localId, public readonly int $version, public readonly ?array $otherwise = null)
    {
    }
}
