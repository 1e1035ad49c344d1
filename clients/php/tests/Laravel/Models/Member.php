<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

/** Takes its devices along, and is written in its own name. */
class Member extends User
{
    public function touchesInSync(): array
    {
        return ['devices'];
    }

    public function syncActingIdentity(): ?string
    {
        return $this->email;
    }
}
