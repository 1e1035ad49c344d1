<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** What a comparison found. */
final class Reconciled
{
    public int $created = 0;
    public int $updated = 0;
    public int $deleted = 0;
    public int $unchanged = 0;

    public function captured(): int
    {
        return $this->created + $this->updated + $this->deleted;
    }
}
