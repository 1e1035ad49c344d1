<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\BelongsToMany;
use Illuminate\Database\Eloquent\SoftDeletes;

class Post extends Model
{
    use SoftDeletes;
    use Syncable;

    protected $table = 'posts';
    protected $guarded = [];
    protected $casts = ['price' => 'decimal:2', 'published_at' => 'datetime'];

    public function tags(): BelongsToMany
    {
        return $this->belongsToMany(Tag::class)->withPivot('position');
    }

    public function syncPivots(): array
    {
        return ['tags'];
    }
}
