<?php

declare(strict_types=1);

namespace Cognate\Tests\Filament\Support;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;

/** Each goes to the platforms that somebody has selected. */
class Story extends Model
{
    use Syncable;

    public $timestamps = false;
    protected $table = 'stories';
    protected $guarded = [];

    public function syncAssignable(): ?bool
    {
        return true;
    }

    public function syncActingIdentity(): ?string
    {
        return $this->author;
    }
}
