<?php

declare(strict_types=1);

namespace Cognate\Tests\Filament\Support;

use Illuminate\Database\Eloquent\Model;

/** Whoever works in the panel. */
class Person extends Model
{
    public $timestamps = false;
    protected $table = 'people';
    protected $guarded = [];
}
