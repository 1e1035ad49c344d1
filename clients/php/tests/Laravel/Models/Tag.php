<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\BelongsToMany;

class Tag extends Model
{
    use Syncable;

    protected $table = 'tags';
    protected $guarded = [];
    public $timestamps = false;

    public function posts(): BelongsToMany
    {
        return $this->belongsToMany(Post::class)->withPivot('position');
    }

    public function syncPivots(): array
    {
        return ['posts'];
    }
}
